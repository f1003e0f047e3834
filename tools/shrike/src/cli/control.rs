//! The commands that speak to a running trader: `status`, `kill` and `resume`.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::Value;
use settings::{LoadError, Settings};

use crate::board::render_status;
use crate::cli::Exit;
use crate::control::{Client, ClientError};

/// Time between two prints of `status --watch`.
const WATCH_EVERY: Duration = Duration::from_secs(1);
/// Clears a terminal and goes to its first line.
const CLEAR: &str = "\x1b[2J\x1b[H";

// Doc comments here would become the help text of every command that has these options.
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// Data directory of the trader; else the variable SHRIKE_DATA, else the configuration's
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Configuration that names the data directory
    #[arg(long, value_name = "FILE", default_value = "config/trader.toml")]
    pub config: PathBuf,
}

/// Shows how the running trader stands: kill switch, blocks, targets and what they wait for
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  shrike status --watch --data data")]
pub struct StatusArgs {
    /// Print again every second until Ctrl-C
    #[arg(long)]
    pub watch: bool,
    // The front's own `--json` goes here: it stands before and behind every command.
    #[arg(skip)]
    pub json: bool,
    #[command(flatten)]
    pub place: Place,
}

/// Raises the kill switch of the running trader, at once and without a question
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  shrike kill halt --reason \"the feed looks wrong\"")]
pub struct KillArgs {
    /// How far to stop
    pub level: Level,
    /// Why, for the records
    #[arg(long, value_name = "TEXT", default_value = "by hand")]
    pub reason: String,
    // The front's own `--json` goes here: it stands before and behind every command.
    #[arg(skip)]
    pub json: bool,
    #[command(flatten)]
    pub place: Place,
}

/// Lowers the kill switch of the running trader, after a second question
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  shrike resume --reason \"the feed is checked\"")]
pub struct ResumeArgs {
    /// Why it is safe, for the records
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Answer the question with yes
    #[arg(long)]
    pub yes: bool,
    // The front's own `--json` goes here: it stands before and behind every command.
    #[arg(skip)]
    pub json: bool,
    #[command(flatten)]
    pub place: Place,
}

/// How far trading is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Buy nothing; cancel entries; targets stay, exits go on
    Halt,
    /// Halt, revoke entry permits and cancel targets
    Reduce,
    /// Reduce, cancel every order and sell everything
    Flatten,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Halt => "halt",
            Self::Reduce => "reduce",
            Self::Flatten => "flatten",
        }
    }
}

/// Runs `shrike status`.
pub fn status(args: &StatusArgs) -> Exit {
    finish(show(args, &mut io::stdout().lock(), io::stdout().is_terminal()))
}

/// Runs `shrike kill`.
pub fn kill(args: &KillArgs) -> Exit {
    finish(raise(args, &mut io::stdout().lock()))
}

/// Runs `shrike resume`.
pub fn resume(args: &ResumeArgs) -> Exit {
    let asked = io::stdin().is_terminal();
    finish(lower(args, asked, &mut io::stdin().lock(), &mut io::stdout().lock()))
}

fn finish(done: Result<Exit, Failure>) -> Exit {
    match done {
        Ok(code) => code,
        // Whoever read our output has seen enough.
        Err(Failure::Print(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(failure) => {
            // Nothing is left to say it to when standard error is closed.
            let _ = writeln!(io::stderr(), "shrike: {failure}");
            failure.code()
        }
    }
}

/// Why a command did not do its work.
#[derive(Debug)]
enum Failure {
    Config(LoadError),
    Client(ClientError),
    Print(io::Error),
    Unasked,
}

impl Failure {
    fn code(&self) -> Exit {
        match self {
            Self::Config(_) | Self::Unasked => Exit::Usage,
            Self::Client(ClientError::Refused(_)) => Exit::Refused,
            Self::Client(_) | Self::Print(_) => Exit::Failed,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => {
                write!(f, "no data directory is named with --data or SHRIKE_DATA, and the ")?;
                write!(f, "configuration cannot be read: {error}")
            }
            Self::Client(error) => error.fmt(f),
            Self::Print(error) => write!(f, "the output cannot be written: {error}"),
            Self::Unasked => f.write_str(
                "a resume takes two steps: run it on a terminal and answer the question, or add \
                 --yes",
            ),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Print(error)
    }
}

impl Place {
    /// The data directory: the option, else `variable`, else the configuration's.
    ///
    /// # Errors
    /// What is wrong with the configuration, when it is asked.
    pub fn data_dir(
        &self,
        variable: Option<OsString>,
        env: &[(String, String)],
    ) -> Result<PathBuf, LoadError> {
        let named = self.data.clone();
        let named = named.or_else(|| variable.filter(|dir| !dir.is_empty()).map(PathBuf::from));
        match named {
            Some(dir) => Ok(dir),
            None => {
                let files = std::slice::from_ref(&self.config);
                Settings::load(files, env, &[]).map(|settings| settings.data_dir)
            }
        }
    }

    /// The data directory as this process's environment has it.
    ///
    /// # Errors
    /// As [`data_dir`](Self::data_dir).
    pub fn here(&self) -> Result<PathBuf, LoadError> {
        let env: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        self.data_dir(std::env::var_os("SHRIKE_DATA"), &env)
    }

    fn connect(&self) -> Result<Client, Failure> {
        Ok(Client::connect(&self.here().map_err(Failure::Config)?)?)
    }
}

fn show(args: &StatusArgs, out: &mut impl Write, terminal: bool) -> Result<Exit, Failure> {
    loop {
        // A connection for each print: a watcher takes no place from whoever wants to stop.
        let status = args.place.connect()?.status()?;
        match (args.json, args.watch) {
            (true, true) => writeln!(out, "{status}")?,
            (true, false) => writeln!(out, "{status:#}")?,
            (false, watch) => {
                let clear = if watch && terminal { CLEAR } else { "" };
                write!(out, "{clear}{}", render_status(&status))?;
            }
        }
        if !args.watch {
            return Ok(Exit::Done);
        }
        out.flush()?;
        std::thread::sleep(WATCH_EVERY);
    }
}

fn raise(args: &KillArgs, out: &mut impl Write) -> Result<Exit, Failure> {
    let answer = args.place.connect()?.kill(args.level.name(), &args.reason)?;
    print_answer(args.json, &answer, out)?;
    Ok(if answer["state"] == "latched" { Exit::Done } else { Exit::Failed })
}

fn lower(
    args: &ResumeArgs,
    terminal: bool,
    input: &mut impl BufRead,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    if !args.yes && !terminal {
        return Err(Failure::Unasked);
    }
    let mut client = args.place.connect()?;
    let question = client.resume(&args.reason, None)?;
    if !args.yes {
        let (level, effect) = (text(&question["level"]), text(&question["message"]));
        write!(out, "The kill switch stands at {level}. After a resume {effect}.\nResume? [y/N] ")?;
        out.flush()?;
        let mut answer = String::new();
        input.read_line(&mut answer)?;
        if !matches!(answer.trim(), "y" | "Y" | "yes") {
            writeln!(out, "Nothing was changed.")?;
            return Ok(Exit::Failed);
        }
    }
    let answer = client.resume(&args.reason, question["nonce"].as_str())?;
    print_answer(args.json, &answer, out)?;
    Ok(if answer["state"] == "resumed" { Exit::Done } else { Exit::Failed })
}

fn print_answer(json: bool, answer: &Value, out: &mut impl Write) -> io::Result<()> {
    if json {
        return writeln!(out, "{answer:#}");
    }
    let clipped = answer["reason_clipped"] == Value::Bool(true);
    let note = if clipped { "; the reason was cut at 64 bytes" } else { "" };
    writeln!(out, "{}: {}{note}", text(&answer["level"]), text(&answer["message"]))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{BufReader, Cursor};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;
    use std::thread::{self, JoinHandle};

    use clap::{CommandFactory, Parser};
    use tempfile::TempDir;

    use super::*;

    #[derive(Parser)]
    enum Line {
        Status(StatusArgs),
        Kill(KillArgs),
        Resume(ResumeArgs),
    }

    #[test]
    fn the_lines_that_people_type_are_understood() {
        Line::command().debug_assert();
        let Ok(Line::Kill(kill)) = Line::try_parse_from(["shrike", "kill", "reduce"]) else {
            panic!("a kill needs no reason");
        };
        assert_eq!((kill.level, kill.reason.as_str()), (Level::Reduce, "by hand"));
        let words = ["shrike", "status", "--watch", "--data", "d"];
        let Ok(Line::Status(status)) = Line::try_parse_from(words) else { panic!("status") };
        assert!(status.watch);
        assert_eq!(status.place.data, Some("d".into()));
        assert!(Line::try_parse_from(["shrike", "resume"]).is_err(), "a resume needs a reason");
        let words = ["shrike", "resume", "--reason", "checked"];
        let Ok(Line::Resume(resume)) = Line::try_parse_from(words) else { panic!("resume") };
        assert!(!resume.yes);
    }

    #[test]
    fn every_help_has_a_worked_example_and_its_own_words() {
        for (name, words) in [("status", "stands"), ("kill", "at once"), ("resume", "question")] {
            let error = Line::try_parse_from(["shrike", name, "--help"]).err().unwrap();
            let help = error.to_string();
            assert!(help.contains(&format!("Example:\n  shrike {name}")), "{help}");
            assert!(help.lines().next().unwrap().contains(words), "{help}");
        }
    }

    #[test]
    fn the_option_goes_before_the_variable_and_the_variable_before_the_configuration() {
        let room = TempDir::new().unwrap();
        let config = room.path().join("none.toml");
        let place =
            |data: Option<&str>| Place { data: data.map(PathBuf::from), config: config.clone() };
        let dir = |place: &Place, variable: Option<&str>| {
            place.data_dir(variable.map(OsString::from), &[])
        };
        assert_eq!(dir(&place(Some("a")), Some("b")).unwrap(), PathBuf::from("a"));
        assert_eq!(dir(&place(None), Some("b")).unwrap(), PathBuf::from("b"));
        let error = dir(&place(None), Some("")).unwrap_err().to_string();
        assert!(error.contains("none.toml"), "{error}");
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/trader.toml");
        let shipped = Place { data: None, config: shipped.into() };
        assert_eq!(dir(&shipped, None).unwrap(), PathBuf::from("data"));
    }

    #[test]
    fn without_a_trader_the_commands_say_so_and_fail() {
        let room = TempDir::new().unwrap();
        let place = place(&room);
        let args = StatusArgs { watch: false, json: false, place };
        let failure = show(&args, &mut Vec::new(), false).unwrap_err();
        assert_eq!(failure.code(), Exit::Failed);
        assert!(failure.to_string().contains("no trader runs"), "{failure}");
    }

    #[test]
    fn a_kill_that_is_only_raised_is_printed_and_is_no_success() {
        let answer = r#"{"ok":true,"state":"raised","level":"halt","message":"not on disk"}"#;
        let trader = Trader::new(vec![answer]);
        let args = KillArgs {
            level: Level::Halt,
            reason: "why".into(),
            json: false,
            place: place(&trader.room),
        };
        let mut out = Vec::new();
        assert_eq!(raise(&args, &mut out).unwrap(), Exit::Failed);
        assert_eq!(String::from_utf8(out).unwrap(), "halt: not on disk\n");
        assert_eq!(trader.heard(), [r#"{"cmd":"kill","level":"halt","reason":"why"}"#]);
    }

    const CONFIRM: &str =
        r#"{"ok":true,"state":"confirm","nonce":"n1","level":"halt","message":"targets may fire"}"#;
    const RESUMED: &str = r#"{"ok":true,"state":"resumed","level":"active","message":"resumed"}"#;

    #[test]
    fn a_resume_asks_first_and_anything_but_yes_changes_nothing() {
        let trader = Trader::new(vec![CONFIRM]);
        let (code, printed) = trader.resume(false, true, "\n");
        assert_eq!(code.unwrap(), Exit::Failed);
        assert!(printed.contains("stands at halt. After a resume targets may fire."), "{printed}");
        assert!(printed.ends_with("Nothing was changed.\n"), "{printed}");
        assert_eq!(trader.heard().len(), 1);
    }

    #[test]
    fn a_resume_that_is_confirmed_sends_the_nonce() {
        for (yes, terminal, typed) in [(false, true, "y\n"), (true, false, "")] {
            let trader = Trader::new(vec![CONFIRM, RESUMED]);
            let (code, printed) = trader.resume(yes, terminal, typed);
            assert_eq!(code.unwrap(), Exit::Done);
            assert!(printed.ends_with("active: resumed\n"), "{printed}");
            assert!(trader.heard()[1].contains(r#""nonce":"n1""#));
        }
    }

    #[test]
    fn a_resume_without_a_terminal_needs_yes() {
        let trader = Trader::new(vec![]);
        let (failure, _) = trader.resume(false, false, "y\n");
        assert_eq!(failure.unwrap_err().code(), Exit::Usage);
        let trader = Trader::new(vec![r#"{"ok":false,"error":"nothing to resume"}"#]);
        let (failure, _) = trader.resume(true, false, "");
        let failure = failure.unwrap_err();
        assert_eq!(
            (failure.code(), failure.to_string().as_str()),
            (Exit::Refused, "nothing to resume")
        );
    }

    fn place(room: &TempDir) -> Place {
        Place { data: Some(room.path().to_owned()), config: "none.toml".into() }
    }

    /// Gives prepared answers to one connection.
    struct Trader {
        room: TempDir,
        thread: Option<JoinHandle<Vec<String>>>,
    }

    impl Trader {
        fn new(answers: Vec<&'static str>) -> Self {
            let room = TempDir::new().unwrap();
            let run = room.path().join("run");
            fs::create_dir(&run).unwrap();
            fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).unwrap();
            let listener = UnixListener::bind(run.join("control.sock")).unwrap();
            let serve = move || {
                if answers.is_empty() {
                    return Vec::new();
                }
                let mut stream = BufReader::new(listener.accept().unwrap().0);
                let mut heard = Vec::new();
                for answer in answers {
                    let mut line = String::new();
                    if stream.read_line(&mut line).unwrap() == 0 {
                        break;
                    }
                    heard.push(line.trim_end().to_owned());
                    writeln!(stream.get_mut(), "{answer}").unwrap();
                }
                heard
            };
            Self { room, thread: Some(thread::spawn(serve)) }
        }

        fn resume(
            &self,
            yes: bool,
            terminal: bool,
            typed: &str,
        ) -> (Result<Exit, Failure>, String) {
            let place = place(&self.room);
            let args = ResumeArgs { reason: "checked".into(), yes, json: false, place };
            let mut out = Vec::new();
            let code = lower(&args, terminal, &mut Cursor::new(typed), &mut out);
            (code, String::from_utf8(out).unwrap())
        }

        fn heard(mut self) -> Vec<String> {
            self.thread.take().unwrap().join().unwrap()
        }
    }
}
