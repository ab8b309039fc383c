//! Errors of a MySQL server that is too busy, shuts down or ends a session. A small server sends them, so sqlx
//! itself makes the errors from its packets.

use caracal_metrics_core::MetricsRegistry;
use caracal_sqlx::{ConnectionErrorType as Type, PoolObserver, classify_connection_error};
use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError, MySqlPoolOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

mod page;

use page::{connection_errors, queries};

/// When the server sends the error.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// Instead of its greeting.
    Greeting,
    /// As the answer to the login.
    Login,
    /// As the answer to a statement.
    Statement,
}

/// An error of the server.
#[derive(Clone, Copy, Debug)]
struct Refusal {
    number: u16,
    /// A server does not send it before it knows the capabilities of the client.
    sqlstate: Option<&'static str>,
    moment: Moment,
}

impl Refusal {
    fn packet(self) -> Vec<u8> {
        let mut packet = vec![0xff];
        packet.extend(self.number.to_le_bytes());
        if let Some(sqlstate) = self.sqlstate {
            packet.extend(format!("#{sqlstate}").bytes());
        }
        packet.extend(*b"no");
        packet
    }
}

/// The greeting of a server that asks for no password and offers no TLS.
fn greeting() -> Vec<u8> {
    // CLIENT_LONG_PASSWORD, _CONNECT_WITH_DB, _PROTOCOL_41, _TRANSACTIONS, _SECURE_CONNECTION, _PLUGIN_AUTH
    // and _DEPRECATE_EOF.
    let capabilities = 0x0108_a209_u32.to_le_bytes();
    let mut packet = vec![10];
    packet.extend(*b"8.4.0\0");
    packet.extend(1_u32.to_le_bytes());
    packet.extend(*b"01234567\0");
    packet.extend(&capabilities[..2]);
    packet.push(45);
    packet.extend(2_u16.to_le_bytes());
    packet.extend(&capabilities[2..]);
    packet.push(21);
    packet.extend([0; 10]);
    packet.extend(*b"0123456789ab\0mysql_native_password\0");
    packet
}

const OK: &[u8] = &[0, 0, 0, 2, 0, 0, 0];

async fn write_packet(client: &mut TcpStream, sequence: u8, payload: &[u8]) {
    let [low, middle, high, _] = u32::try_from(payload.len()).unwrap().to_le_bytes();
    let packet = [&[low, middle, high, sequence], payload].concat();
    client.write_all(&packet).await.unwrap();
}

/// Reads a packet, and returns its number in the sequence.
async fn read_packet(client: &mut TcpStream) -> u8 {
    let [low, middle, high, sequence] = client.read_u32().await.unwrap().to_be_bytes();
    let length = u32::from_le_bytes([low, middle, high, 0]);
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    client.read_exact(&mut payload).await.unwrap();
    sequence
}

/// Lets one client in, until it sends the error and closes the connection.
async fn serve(listener: TcpListener, refusal: Refusal) {
    let (mut client, _) = listener.accept().await.unwrap();
    if let Moment::Greeting = refusal.moment {
        return write_packet(&mut client, 0, &refusal.packet()).await;
    }
    write_packet(&mut client, 0, &greeting()).await;
    let mut sequence = read_packet(&mut client).await;
    if let Moment::Statement = refusal.moment {
        write_packet(&mut client, sequence + 1, OK).await;
        sequence = read_packet(&mut client).await;
    }
    write_packet(&mut client, sequence + 1, &refusal.packet()).await;
}

/// Runs a statement on a wrapped pool of a server that refuses it like this. Checks that sqlx read the packet, and
/// that the statement counts as one error. Returns how the error is classified by itself, and the connection
/// errors that the pool has counted.
async fn refused(refusal: Refusal) -> (Option<Type>, Vec<(&'static str, f64)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(serve(listener, refusal));
    // The driver sends no statement of its own when it has connected.
    let options = MySqlConnectOptions::new()
        .host(&address.ip().to_string())
        .port(address.port())
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None)
        .set_names(false);
    let bare = MySqlPoolOptions::new().max_connections(1).connect_lazy_with(options);
    let metrics = MetricsRegistry::new();
    let pool = PoolObserver::new(&bare).wrap(&metrics).unwrap();

    let error = sqlx::query("UPDATE agents SET id = 1").execute(&pool).await.unwrap_err();
    server.await.unwrap();
    let sent = error.as_database_error().and_then(|error| {
        let error = error.try_downcast_ref::<MySqlDatabaseError>()?;
        Some((error.number(), error.code().map(str::to_owned)))
    });
    let expected = (refusal.number, refusal.sqlstate.map(str::to_owned));
    assert_eq!(sent, Some(expected), "{refusal:?}: {error}");
    let counts = queries(&metrics, "update", "agents");
    assert_eq!((counts.success, counts.error, counts.durations), (0.0, 1.0, 1.0), "{refusal:?}");
    (classify_connection_error(&error), connection_errors(&metrics))
}

#[tokio::test]
async fn the_number_says_what_happened_to_the_connection() {
    use Moment::{Greeting, Login, Statement};
    for (number, sqlstate, moment, expected) in [
        // A full server does not send the SQLSTATE if it refuses a client before the login.
        (1040, None, Greeting, Type::InsufficientResources),
        (1040, Some("08004"), Login, Type::InsufficientResources),
        (1203, Some("42000"), Login, Type::InsufficientResources),
        (1053, None, Greeting, Type::ServerShutdown),
        (1053, Some("08S01"), Login, Type::ServerShutdown),
        (1053, Some("08S01"), Statement, Type::ServerShutdown),
        (1927, Some("70100"), Statement, Type::Reset),
        (1045, Some("28000"), Login, Type::Authentication),
        (1130, None, Greeting, Type::Authentication),
        // Any other code of connections.
        (1158, Some("08S01"), Statement, Type::Other),
    ] {
        let refusal = Refusal { number, sqlstate, moment };
        let (classified, counted) = refused(refusal).await;
        assert_eq!(classified, Some(expected), "{refusal:?}");
        assert_eq!(counted, [(expected.label(), 1.0)], "{refusal:?}");
    }
}

/// The classes of their SQLSTATEs also have errors of connections.
#[tokio::test]
async fn errors_of_a_statement_are_not_of_the_connection() {
    for (number, sqlstate) in [
        // Waited too long for a lock, ran too long on MariaDB and on MySQL, was cancelled.
        (1205, "HY000"),
        (1969, "70100"),
        (3024, "HY000"),
        (1317, "70100"),
        (1213, "40001"),
        (1064, "42000"),
    ] {
        let moment = Moment::Statement;
        let refusal = Refusal { number, sqlstate: Some(sqlstate), moment };
        assert_eq!(refused(refusal).await, (None, Vec::new()), "{refusal:?}");
    }
}
