//! The store of a shard: one SQLite file, a transaction per point.
//!
//! A killed run loses at most the point in work. A second process on the same shard is refused.

use super::SweepError;
use super::plan::{Point, Shard};
use super::row::PointResult;
use super::status::{Origin, PointStatus};
use rusqlite::{Connection, OpenFlags, params};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// Extension of a store.
pub(super) const EXTENSION: &str = "sqlite";

/// Layout of the tables; a store with another one is refused.
const LAYOUT: i32 = 1;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS points (
        id TEXT PRIMARY KEY,
        settings TEXT NOT NULL,
        result TEXT,
        failure TEXT,
        version TEXT NOT NULL,
        host TEXT NOT NULL,
        job TEXT NOT NULL,
        shard TEXT NOT NULL,
        simulate_s REAL NOT NULL,
        finished_unix_s INTEGER NOT NULL
    );
";

/// The store of one shard, held by this process alone.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Connection,
    // Released by the system when the process ends, however it ends.
    _lock: File,
}

impl Store {
    /// Opens the store of a shard in a folder, and makes it if there is none.
    ///
    /// # Errors
    /// If another process works on it, if it is damaged, or if the system refuses.
    pub fn open(folder: &Path, shard: Shard) -> Result<Self, SweepError> {
        let name = format!("shard-{}-of-{}", shard.index, shard.of);
        let path = folder.join(&name).with_extension(EXTENSION);
        let fail = |reason: String| SweepError::Store {
            path: path.display().to_string(),
            reason,
        };
        std::fs::create_dir_all(folder).map_err(|error| fail(error.to_string()))?;
        let lock = File::options()
            .create(true)
            .append(true)
            .open(folder.join(&name).with_extension("lock"))
            .map_err(|error| fail(error.to_string()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(fail(
                    "another process works on this shard; wait for it, or give another --shard or --out"
                        .to_owned(),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(fail(error.to_string())),
        }
        let connection = Connection::open(&path).map_err(|error| fail(error.to_string()))?;
        let damaged = |error: rusqlite::Error| fail(damage(&error));
        check(&connection).map_err(&fail)?;
        // Every commit reaches the disk before the next point starts.
        connection
            .pragma_update(None, "synchronous", "FULL")
            .map_err(damaged)?;
        connection.execute_batch(TABLES).map_err(damaged)?;
        connection
            .pragma_update(None, "user_version", LAYOUT)
            .map_err(damaged)?;
        Ok(Store {
            path,
            connection,
            _lock: lock,
        })
    }

    /// Keeps the outcome of a point; on disk when this returns.
    ///
    /// # Errors
    /// If the system refuses, for example because the disk is full.
    pub fn put(
        &mut self,
        point: &Point,
        outcome: &Result<PointResult, String>,
        origin: &Origin,
    ) -> Result<(), SweepError> {
        let json = |value: serde_json::Result<String>| value.map_err(|e| self.fail(e.to_string()));
        let settings = json(serde_json::to_string(&point.settings))?;
        let (result, failure) = match outcome {
            Ok(result) => (Some(json(serde_json::to_string(result))?), None),
            Err(failure) => (None, Some(failure.as_str())),
        };
        self.connection
            .execute(
                "INSERT OR REPLACE INTO points VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                params![
                    point.id,
                    settings,
                    result,
                    failure,
                    env!("CARGO_PKG_VERSION"),
                    origin.host,
                    origin.job,
                    origin.shard,
                    origin.simulate_s,
                    i64::try_from(origin.finished_unix_s).unwrap_or(i64::MAX),
                ],
            )
            .map(drop)
            .map_err(|error| self.fail(error.to_string()))
    }

    fn fail(&self, reason: String) -> SweepError {
        SweepError::Store {
            path: self.path.display().to_string(),
            reason,
        }
    }
}

/// What a store knows, by the id of the point.
pub(super) fn statuses(path: &Path) -> Result<Vec<(String, PointStatus)>, SweepError> {
    let fail = |reason: String| SweepError::Store {
        path: path.display().to_string(),
        reason,
    };
    // Read and write: a journal that a killed run left behind is rolled back.
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .map_err(|error| fail(error.to_string()))?;
    check(&connection).map_err(&fail)?;
    rows(&connection).map_err(&fail)
}

fn rows(connection: &Connection) -> Result<Vec<(String, PointStatus)>, String> {
    let mut statement = connection
        .prepare(
            "SELECT id, result, failure, host, job, shard, simulate_s, finished_unix_s
             FROM points ORDER BY id",
        )
        .map_err(|error| damage(&error))?;
    let rows = statement.query_map([], |row| {
        let result: Option<String> = row.get(1)?;
        let failure: Option<String> = row.get(2)?;
        let finished: i64 = row.get(7)?;
        let origin = Origin {
            host: row.get(3)?,
            job: row.get(4)?,
            shard: row.get(5)?,
            simulate_s: row.get(6)?,
            finished_unix_s: u64::try_from(finished).unwrap_or(0),
        };
        Ok((row.get::<_, String>(0)?, result, failure, origin))
    });
    rows.map_err(|error| damage(&error))?
        .map(|row| {
            let (id, result, failure, origin) = row.map_err(|error| damage(&error))?;
            let outcome = match result {
                Some(text) => Ok(serde_json::from_str(&text)
                    .map_err(|error| format!("point {id} is damaged: {error}; {REMEDY}"))?),
                None => Err(failure.unwrap_or_else(|| "unknown failure".to_owned())),
            };
            Ok((id, PointStatus { outcome, origin }))
        })
        .collect()
}

/// Refuses a file that is no store, or whose pages do not fit together.
fn check(connection: &Connection) -> Result<(), String> {
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| damage(&error))?;
    if verdict != "ok" {
        return Err(format!("damaged: {verdict}; {REMEDY}"));
    }
    let layout: i32 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|error| damage(&error))?;
    if layout != LAYOUT && layout != 0 {
        return Err(format!(
            "written by another version of spikewatt (layout {layout}, this one has {LAYOUT}); choose another folder"
        ));
    }
    Ok(())
}

const REMEDY: &str = "move the file away and run the sweep again, its points are computed anew";

fn damage(error: &rusqlite::Error) -> String {
    format!("not a store, or damaged: {error}; {REMEDY}")
}
