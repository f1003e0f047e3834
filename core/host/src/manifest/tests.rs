use super::*;

const HEAD: &str = r#"
abi = 1
kind = "strategy"
name = "momentum"
version = "0.1.0"
about = "Buys what rises."
"#;

const WHOLE: &str = r#"
[[parameters]]
name = "move_bps"
type = "whole"
unit = "bps"
min = 1
max = 100000
default = 300
about = "Rise that counts as a move."
"#;

fn parsed(rest: &str) -> Manifest {
    Manifest::parse(&format!("{HEAD}{rest}")).expect("a good manifest")
}

fn parameter(rest: &str) -> Parameter {
    let text = format!("[[parameters]]\nname = \"it\"\nabout = \"It.\"\n{rest}");
    parsed(&text).parameters.remove(0)
}

/// The key that is blamed, and the whole sentence.
fn blamed(text: &str) -> (String, String) {
    let error = Manifest::parse(text).expect_err("a bad manifest");
    (error.key.clone(), error.to_string())
}

#[test]
fn a_manifest_is_read_whole() {
    let rest = format!(
        "events = [\"print\", \"position\"]\nstate = {{ version = 3, bytes = 64 }}\n{WHOLE}"
    );
    let manifest = parsed(&rest);
    assert_eq!(manifest.abi, 1);
    assert_eq!(manifest.kind, Kind::Strategy);
    assert_eq!((manifest.name.as_str(), manifest.version.as_str()), ("momentum", "0.1.0"));
    assert_eq!(manifest.state, Some(State { version: 3, bytes: 64 }));
    assert!(manifest.wants(scene::PRINT) && manifest.wants(scene::POSITION));
    assert!(!manifest.wants(scene::DEPTH));
    let [parameter] = &manifest.parameters[..] else { panic!("one parameter") };
    assert_eq!((parameter.min, parameter.max, parameter.default), (1, 100_000, 300));
    assert_eq!((parameter.unit.as_str(), &parameter.domain), ("bps", &Domain::Whole));
}

#[test]
fn signals_timers_and_parameters_come_unasked() {
    let manifest = parsed("");
    for kind in [scene::SIGNALS, scene::TIMER, scene::PARAMETER] {
        assert!(manifest.wants(kind));
    }
    assert_eq!(manifest.events.count_ones(), 3);
}

#[test]
fn every_kind_of_event_has_a_word() {
    for (kind, word) in scene::KINDS {
        assert!(parsed(&format!("events = [\"{word}\"]")).wants(kind), "{word}");
    }
}

#[test]
fn what_is_wrong_is_named_with_what_to_write() {
    let cases: &[(&str, &str, &str)] = &[
        ("abi = 1", "abi = 2", "abi"),
        ("abi = 1", "abi = \"1\"", "abi"),
        ("abi = 1", "", "abi"),
        ("\"strategy\"", "\"indicator\"", "kind"),
        ("\"momentum\"", "\"Momentum\"", "name"),
        ("\"momentum\"", "\"a_name_that_is_far_longer_than_it_may\"", "name"),
        ("\"momentum\"", "\"\"", "name"),
        ("\"0.1.0\"", "\"0.1.0-with-a-long-tail\"", "version"),
        ("\"0.1.0\"", "1", "version"),
        ("Buys", "Buys\\n", "about"),
        ("abi = 1", "abi = 1\ncolour = 3", "colour"),
        ("abi = 1", "abi = 1\nevents = [\"weather\"]", "events"),
        ("abi = 1", "abi = 1\nevents = \"print\"", "events"),
        ("abi = 1", "abi = 1\nevents = [1]", "events"),
        ("abi = 1", "abi = 1\nstate = { version = 1, bytes = 65537 }", "state.bytes"),
        ("abi = 1", "abi = 1\nstate = { version = 1, bytes = 0 }", "state.bytes"),
        ("abi = 1", "abi = 1\nstate = { version = -1, bytes = 8 }", "state.version"),
        ("abi = 1", "abi = 1\nstate = { version = 1, bytes = 8, more = 1 }", "state.more"),
        ("abi = 1", "abi = 1\nparameters = 3", "parameters"),
        ("abi = 1", "abi = 1\nparameters = [3]", "parameters"),
    ];
    for (from, to, key) in cases {
        let (blamed, text) = blamed(&HEAD.replacen(from, to, 1));
        assert_eq!(&blamed, key, "{text}");
    }
    assert_eq!(
        blamed(&HEAD.replace("abi = 1", "abi = 7")).1,
        "manifest: `abi` is 7: build it for version 1"
    );
    assert_eq!(blamed("abi = = 1").0, "");
    assert_eq!(blamed(&format!("# {}", "x".repeat(TEXT_MAX))).0, "");
}

#[test]
fn a_parameter_outside_its_bounds_is_named() {
    let cases: &[(&str, &str, &str)] = &[
        ("default = 300", "default = 0", "default"),
        ("default = 300", "default = 100001", "default"),
        ("default = 300", "default = \"300\"", "default"),
        ("min = 1", "min = 100001", "min"),
        ("min = 1", "", "min"),
        ("unit = \"bps\"", "", "unit"),
        ("\"whole\"", "\"number\"", "type"),
        ("\"move_bps\"", "\"move bps\"", "name"),
        ("min = 1", "min = 1\ndecimals = 2", "decimals"),
        ("min = 1", "min = 1\nchoices = [\"a\"]", "choices"),
    ];
    for (from, to, key) in cases {
        let (blamed, text) = blamed(&format!("{HEAD}{}", WHOLE.replacen(from, to, 1)));
        assert_eq!(blamed, format!("parameters.0.{key}"), "{text}");
    }
}

#[test]
fn two_parameters_of_one_name_and_too_many_are_refused() {
    assert_eq!(blamed(&format!("{HEAD}{WHOLE}{WHOLE}")).0, "parameters.1.name");
    let many: String = (0..33).map(|at| WHOLE.replace("move_bps", &format!("move_{at}"))).collect();
    assert_eq!(blamed(&format!("{HEAD}{many}")).0, "parameters");
}

#[test]
fn decimals_are_scaled_and_shown_as_they_were_written() {
    let it = parameter(
        "type = \"decimal\"\ndecimals = 2\nunit = \"%\"\nmin = \"-1.5\"\nmax = \"99\"\n\
         default = \"0.05\"",
    );
    assert_eq!((it.min, it.max, it.default), (-150, 9_900, 5));
    for (text, value, shown) in
        [("0.5", 50, "0.50"), ("-0.5", -50, "-0.50"), ("7", 700, "7.00"), (" 99 ", 9_900, "99.00")]
    {
        assert_eq!(it.read(text), Ok(value));
        assert_eq!(it.show(value), shown);
        assert_eq!(it.read(shown), Ok(value));
    }
    for text in ["", ".", "1.", ".5", "0.005", "1e1", "+1", "99.01", "-1.51", "1,0", "--1"] {
        assert!(it.read(text).is_err(), "{text}");
    }
}

#[test]
fn whole_numbers_reach_both_ends() {
    let it = parameter(
        "type = \"whole\"\nunit = \"x\"\nmin = -9223372036854775808\n\
         max = 9223372036854775807\ndefault = 0",
    );
    for value in [i64::MIN, -1, 0, i64::MAX] {
        assert_eq!(it.read(&it.show(value)), Ok(value));
    }
    assert!(it.read("9223372036854775808").is_err());
    assert!(it.read("1.5").is_err());
}

#[test]
fn flags_choices_and_spans_are_read_and_shown() {
    let flag = parameter("type = \"flag\"\ndefault = true");
    assert_eq!((flag.default, flag.read("false"), flag.show(1)), (1, Ok(0), "true".to_owned()));
    assert!(flag.read("yes").is_err());

    let choice = parameter("type = \"choice\"\nchoices = [\"slow\", \"fast\"]\ndefault = \"fast\"");
    assert_eq!((choice.default, choice.max), (1, 1));
    assert_eq!((choice.read("slow"), choice.show(1)), (Ok(0), "fast".to_owned()));
    let error = choice.read("medium").expect_err("no such choice");
    assert_eq!(error.to_string(), "`it` cannot be \"medium\": choose from slow, fast");

    let span = parameter("type = \"milliseconds\"\nmin = 0\nmax = 60000\ndefault = 250");
    assert_eq!((span.unit.as_str(), span.read("1500")), ("ms", Ok(1_500)));
}

#[test]
fn choices_have_words_of_their_own() {
    for choices in ["[]", "[\"\"]", "[\"a\", \"a\"]", "[\" a\"]"] {
        let text = format!(
            "{HEAD}[[parameters]]\nname = \"it\"\nabout = \"It.\"\ntype = \"choice\"\n\
             choices = {choices}\ndefault = \"a\""
        );
        assert_eq!(blamed(&text).0, "parameters.0.choices", "{choices}");
    }
}
