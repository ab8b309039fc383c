//! The structure of launchbadge/realworld-axum-sqlx: a context with the pool, rows that are read into
//! structs, streams that are collected, and `WITH` queries that write and read.

use anyhow::{Context, Result, ensure};
use futures_util::TryStreamExt;

use super::super::Expected;
use super::db::PgPool;

pub(crate) const SCHEMA: &str = "
    create table \"user\" (user_id bigserial primary key, username text not null unique);
    create table article (article_id bigserial primary key, slug text not null unique);
    create table article_comment (comment_id bigserial primary key, article_id bigint, user_id bigint, body text);
    create table follow (followed_user_id bigint, following_user_id bigint);
    insert into article (slug) values ('rust');
";

pub(crate) const COUNTED: Expected = &[
    ("insert", "user", 1),
    ("select", "article", 2),
    ("insert", "article_comment", 2),
    ("select", "article_comment", 1),
    ("delete", "article_comment", 1),
];

#[derive(Clone)]
struct ApiContext {
    db: PgPool,
}

#[derive(sqlx::FromRow)]
struct CommentFromQuery {
    comment_id: i64,
    body: String,
    author_username: String,
    following_author: bool,
}

struct Comment {
    id: i64,
    body: String,
    author: (String, bool),
}

impl CommentFromQuery {
    fn into_comment(self) -> Comment {
        let author = (self.author_username, self.following_author);
        Comment { id: self.comment_id, body: self.body, author }
    }
}

async fn create_user(ctx: &ApiContext, username: &str) -> Result<i64> {
    let user = sqlx::query_scalar(r#"insert into "user" (username) values ($1) returning user_id"#);
    Ok(user.bind(username).fetch_one(&ctx.db).await?)
}

async fn get_article_comments(ctx: &ApiContext, user_id: i64, slug: &str) -> Result<Vec<Comment>> {
    let article_id: i64 = sqlx::query_scalar("select article_id from article where slug = $1")
        .bind(slug)
        .fetch_optional(&ctx.db)
        .await?
        .context("not found")?;
    let comments = sqlx::query_as::<_, CommentFromQuery>(
        r#"
            select
                comment_id,
                comment.body,
                author.username author_username,
                exists(
                    select 1 from follow
                    where followed_user_id = author.user_id and following_user_id = $1
                ) following_author
            from article_comment comment
            inner join "user" author using (user_id)
            where article_id = $2
            order by comment_id
        "#,
    );
    let comments = comments.bind(user_id).bind(article_id).fetch(&ctx.db);
    Ok(comments.map_ok(CommentFromQuery::into_comment).try_collect().await?)
}

async fn add_comment(ctx: &ApiContext, user_id: i64, slug: &str, body: &str) -> Result<Comment> {
    let comment = sqlx::query_as::<_, CommentFromQuery>(
        r#"
            with inserted_comment as (
                insert into article_comment (article_id, user_id, body)
                select article_id, $1, $2
                from article
                where slug = $3
                returning comment_id, body
            )
            select comment_id, body, author.username author_username, false following_author
            from inserted_comment comment
            inner join "user" author on user_id = $1
        "#,
    );
    let comment = comment.bind(user_id).bind(body).bind(slug).fetch_optional(&ctx.db).await?;
    Ok(comment.context("not found")?.into_comment())
}

async fn delete_comment(ctx: &ApiContext, comment_id: i64, user_id: i64) -> Result<(bool, bool)> {
    let deleted = sqlx::query_as(
        "
            with deleted_comment as (
                delete from article_comment where comment_id = $1 and user_id = $2 returning 1
            )
            select
                exists(select 1 from article_comment where comment_id = $1),
                exists(select 1 from deleted_comment)
        ",
    );
    Ok(deleted.bind(comment_id).bind(user_id).fetch_one(&ctx.db).await?)
}

pub(crate) async fn serve(pool: &PgPool) -> Result<()> {
    let ctx = ApiContext { db: pool.clone() };
    let user_id = create_user(&ctx, "ada").await?;
    let first = add_comment(&ctx, user_id, "rust", "first").await?;
    ensure!(add_comment(&ctx, user_id, "nowhere", "lost").await.is_err());
    let comments = get_article_comments(&ctx, user_id, "rust").await?;
    let read: Vec<_> = comments.iter().map(|c| (c.id, &*c.body, &*c.author.0, c.author.1)).collect();
    ensure!(read == [(first.id, "first", "ada", false)]);
    ensure!(get_article_comments(&ctx, user_id, "nowhere").await.is_err());
    ensure!(delete_comment(&ctx, first.id, user_id).await? == (true, true));
    Ok(())
}
