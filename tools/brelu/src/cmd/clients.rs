use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use brelu::report::{Table, print, print_json};
use brelu_core::channel::PublicKey;
use brelu_host::keys::Listed;
use brelu_host::quota::{Day, Quota};
use brelu_host::state::{Peer, Used};

use brelu_networks::numbers::count;
use clap::Args;
use serde::Serialize;

use super::party::state_path;
use super::quotas::{ListArgs, QuotaArgs, today};
use brelu_host::records::used;

/// List a server's clients, and how many inferences each had and may have
#[derive(Debug, Args)]
#[command(after_help = "\
Reads the list of clients and the counts in the server's state folder, whether the server runs or not. Give the same \
options as to brelu serve. Clients that had inferences and are not on the list any more are listed too. A device that \
works with a delegate has its inferences counted as its own, not as the delegate's. Days are days of UTC.

An inference counts when it begins, whether it comes to its end or not; what is only prepared does not count. To give a \
client more, raise total=N or day=N on its line, or take them away: that counts at once.

Examples:
  brelu clients
  brelu clients --key keys/server.key --clients clients.txt --quota-day 100 --json")]
pub(crate) struct Clients {
    /// The server's private key, beside which its state folder is; it is not read
    #[arg(long, value_name = "FILE", default_value = "server.key")]
    key: PathBuf,

    /// The server's state folder [default: beside the key, with the ending .state]
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,

    #[command(flatten)]
    list: ListArgs,

    #[command(flatten)]
    quotas: QuotaArgs,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A client as it is printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Row {
    name: String,
    key: String,
    #[serde(skip)]
    id: String,
    listed: bool,
    total: u64,
    total_limit: Option<u64>,
    today: u64,
    day_limit: Option<u64>,
    last_use: Option<String>,
}

impl Clients {
    pub(crate) fn run(self) -> Result<()> {
        let folder = state_path(self.state.as_deref(), &self.key);
        ensure!(
            folder.is_dir(),
            "there is no folder {}: give the server's --state, or its --key if that is beside it",
            folder.display()
        );
        let (members, used) = (self.list.access()?.members()?, used(&folder)?);
        let rows = rows(members, &used, &self.quotas.quota(), self.list.any_client, today());
        Ok(if self.json { print_json(&rows) } else { print(table(&rows)) }?)
    }
}

/// Everybody who is on the list or had something, by name.
fn rows(
    mut members: BTreeMap<PublicKey, Listed>,
    used: &BTreeMap<Peer, Used>,
    default: &Quota,
    anybody: bool,
    today: Day,
) -> Vec<Row> {
    let mut rows = Vec::new();
    for (key, used) in used {
        let key = PublicKey::new(*key);
        let listed = members.remove(&key);
        rows.push(row(&key, listed.or_else(|| anybody.then(Listed::default)), used, default, today));
    }
    rows.extend(
        members.into_iter().map(|(key, listed)| row(&key, Some(listed), &Used::default(), default, today)),
    );
    rows.sort_by(|one, other| {
        (!one.listed, &one.name, &one.key).cmp(&(!other.listed, &other.name, &other.key))
    });
    rows
}

fn row(key: &PublicKey, listed: Option<Listed>, used: &Used, default: &Quota, today: Day) -> Row {
    let quota = listed.as_ref().map_or(Quota::default(), |listed| listed.quota.or(default));
    Row {
        listed: listed.is_some(),
        // A name may come from the client: it does not get to move the cursor.
        name: listed.unwrap_or_default().name.replace(char::is_control, "?"),
        key: key.to_string(),
        id: key.id().to_string(),
        total: used.total,
        total_limit: quota.total.most(),
        today: used.on(today),
        day_limit: quota.day.most(),
        last_use: (used.total > 0).then(|| used.day.to_string()),
    }
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(["name", "key", "in all", "of", "today", "of", "last use"], 2);
    let limit = |limit: Option<u64>| limit.map_or("-".to_owned(), count);
    for row in rows {
        let name = if row.listed { row.name.clone() } else { "(not on the list)".into() };
        let last = row.last_use.clone().unwrap_or("-".into());
        let [total, today] = [row.total, row.today].map(count);
        table.row([name, row.id.clone(), total, limit(row.total_limit), today, limit(row.day_limit), last]);
    }
    table
}

#[cfg(test)]
mod tests {
    use brelu_host::quota::Limit;

    use super::*;

    #[test]
    fn everybody_is_listed_once() {
        let key = |byte| PublicKey::new([byte; 32]);
        let own = Quota { total: Limit::Most(1000), day: Limit::Unlimited };
        let listed = |name: &str, quota| Listed { name: name.into(), quota };
        let members = [(key(1), listed("b\u{1b}[2J", own)), (key(2), listed("a", Quota::default()))];
        let used = [
            ([1; 32], Used { total: 1234, day: Day(20_784), on_day: 7 }),
            ([3; 32], Used { total: 5, day: Day(20_785), on_day: 5 }),
        ];
        let default = Quota { total: Limit::Unset, day: Limit::Most(50) };
        let rows = |anybody| rows(members.clone().into(), &used.into(), &default, anybody, Day(20_785));
        let text = |anybody| table(&rows(anybody)).to_string();
        let ids = [1, 2, 3].map(|byte| key(byte).id());
        let expected = format!(
            "name               key               in all     of  today  of    last use\n\
             a                  {}       0      -      0  50           -\n\
             b?[2J              {}   1,234  1,000      0   -  2026-11-27\n\
             (not on the list)  {}       5      -      5   -  2026-11-28\n",
            ids[1], ids[0], ids[2]
        );
        assert_eq!(text(false), expected);
        let anybody = rows(true);
        let stranger = anybody.iter().find(|row| row.id == ids[2].to_string()).unwrap();
        assert_eq!((stranger.listed, stranger.day_limit), (true, Some(50)));
    }
}
