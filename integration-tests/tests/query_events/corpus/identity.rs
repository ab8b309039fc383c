//! The structure of matrix-org/matrix-authentication-service: repositories that borrow one connection and are
//! created from a transaction, and queries that are built at run time.

use anyhow::{Context, Result, ensure};
use sqlx::{Postgres, QueryBuilder};

use super::super::Expected;
use super::db::{PgConnection, PgPool};

pub(crate) const SCHEMA: &str = "
    create table users (user_id bigserial primary key, username text, primary_user_email_id bigint);
    create table user_emails (user_email_id bigserial primary key, user_id bigint not null, email text not null);
    create table user_email_confirmation_codes (user_email_id bigint, code text);
";

pub(crate) const COUNTED: Expected = &[
    ("insert", "users", 1),
    ("update", "users", 1),
    ("insert", "user_emails", 2),
    ("select", "user_emails", 4),
    ("delete", "user_emails", 1),
    ("delete", "user_email_confirmation_codes", 1),
];

struct PgUserRepository<'c> {
    conn: &'c mut PgConnection,
}

impl PgUserRepository<'_> {
    async fn add(&mut self, username: &str) -> Result<i64> {
        let user = sqlx::query_scalar("INSERT INTO users (username) VALUES ($1) RETURNING user_id");
        Ok(user.bind(username).fetch_one(&mut *self.conn).await?)
    }
}

struct PgUserEmailRepository<'c> {
    conn: &'c mut PgConnection,
}

#[derive(Debug, PartialEq, sqlx::FromRow)]
struct UserEmailLookup {
    user_email_id: i64,
    user_id: i64,
    email: String,
}

trait UserEmailRepository {
    async fn find(&mut self, user_id: i64, email: &str) -> Result<Option<UserEmailLookup>>;
    async fn list(&mut self, user_id: Option<i64>, after: Option<i64>) -> Result<Vec<UserEmailLookup>>;
    async fn count(&mut self) -> Result<i64>;
    async fn add(&mut self, user_id: i64, email: &str) -> Result<i64>;
    async fn set_as_primary(&mut self, email: i64) -> Result<()>;
    async fn remove(&mut self, email: i64) -> Result<()>;
}

impl UserEmailRepository for PgUserEmailRepository<'_> {
    async fn find(&mut self, user_id: i64, email: &str) -> Result<Option<UserEmailLookup>> {
        let found = sqlx::query_as(
            r"
                SELECT user_email_id
                     , user_id
                     , email
                FROM user_emails

                WHERE user_id = $1 AND email = $2
            ",
        );
        Ok(found.bind(user_id).bind(email).fetch_optional(&mut *self.conn).await?)
    }

    async fn list(&mut self, user_id: Option<i64>, after: Option<i64>) -> Result<Vec<UserEmailLookup>> {
        let mut query = QueryBuilder::<Postgres>::new(
            r#"SELECT "user_emails"."user_email_id", "user_emails"."user_id", "user_emails"."email" "#,
        );
        query.push(r#"FROM "user_emails" WHERE TRUE"#);
        if let Some(user_id) = user_id {
            query.push(r#" AND "user_emails"."user_id" = "#).push_bind(user_id);
        }
        if let Some(after) = after {
            query.push(r#" AND "user_emails"."user_email_id" > "#).push_bind(after);
        }
        query.push(r#" ORDER BY "user_emails"."user_email_id" ASC LIMIT "#).push_bind(10_i64);
        Ok(query.build_query_as().fetch_all(&mut *self.conn).await?)
    }

    async fn count(&mut self) -> Result<i64> {
        let count = sqlx::query_scalar(r#"SELECT COUNT("user_emails"."email") FROM "user_emails""#);
        Ok(count.fetch_one(&mut *self.conn).await?)
    }

    async fn add(&mut self, user_id: i64, email: &str) -> Result<i64> {
        let added = sqlx::query_scalar(
            "INSERT INTO user_emails (user_id, email) VALUES ($1, $2) RETURNING user_email_id",
        );
        Ok(added.bind(user_id).bind(email).fetch_one(&mut *self.conn).await?)
    }

    async fn set_as_primary(&mut self, email: i64) -> Result<()> {
        let set = sqlx::query(
            r"
                UPDATE users
                SET primary_user_email_id = user_emails.user_email_id
                FROM user_emails
                WHERE user_emails.user_email_id = $1
                  AND users.user_id = user_emails.user_id
            ",
        );
        set.bind(email).execute(&mut *self.conn).await?;
        Ok(())
    }

    async fn remove(&mut self, email: i64) -> Result<()> {
        let codes = sqlx::query("DELETE FROM user_email_confirmation_codes WHERE user_email_id = $1");
        codes.bind(email).execute(&mut *self.conn).await?;
        let removed = sqlx::query("DELETE FROM user_emails WHERE user_email_id = $1");
        let removed = removed.bind(email).execute(&mut *self.conn).await?;
        ensure!(removed.rows_affected() == 1);
        Ok(())
    }
}

pub(crate) async fn serve(pool: &PgPool) -> Result<()> {
    let mut transaction = pool.begin().await?;
    let user = PgUserRepository { conn: &mut transaction }.add("ada").await?;
    let mut emails = PgUserEmailRepository { conn: &mut transaction };
    let first = emails.add(user, "ada@example.com").await?;
    let second = emails.add(user, "countess@example.com").await?;
    emails.set_as_primary(first).await?;
    let found = emails.find(user, "ada@example.com").await?.context("it was added")?;
    ensure!(found.user_email_id == first && found.user_id == user && found.email == "ada@example.com");
    ensure!(emails.find(user, "nobody@example.com").await?.is_none());
    ensure!(emails.list(Some(user), Some(first)).await?.len() == 1);
    emails.remove(second).await?;
    transaction.commit().await?;

    let mut connection = pool.acquire().await?;
    ensure!(PgUserEmailRepository { conn: &mut connection }.count().await? == 1);
    Ok(())
}
