//! `iama baseline`.

use serde_json::json;

use crate::world::World;

const TOOL: &str = "import os, random, sys, time\n\n\ndef main(words):\n    if words[0] == 'average':\n        numbers = [int(word) for word in sys.stdin.read().split()]\n        print sum(numbers) / len(numbers)\n    elif words[0] == 'now':\n        print time.strftime('%Y-%m-%d %H:%M:%S')\n        print random.random()\n        print 'done'\n    elif words[0] == 'keys':\n        print dict((c, 1) for c in 'banana split')\n    elif words[0] == 'write':\n        os.remove('old.txt')\n        out = open('new.txt', 'w')\n        out.write(os.environ['GREETING'] + open('given.txt').read())\n    elif words[0] == 'fail':\n        open('missing.txt')\n\n\nif __name__ == '__main__':\n    main(sys.argv[1:])\n";
const SERVER: &str = "import sys\nimport BaseHTTPServer\n\n\nclass Handler(BaseHTTPServer.BaseHTTPRequestHandler):\n    def do_POST(self):\n        body = self.rfile.read(int(self.headers['Content-Length']))\n        self.send_response(201)\n        self.send_header('Content-Type', 'text/plain')\n        self.end_headers()\n        self.wfile.write(body.upper())\n\n\nBaseHTTPServer.HTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()\n";
const FILE: &str = "# what the tool does\nversion: 1\nscenarios:\n  - name: average   # of whole numbers\n    run: [python, tool.py, average]\n    stdin: 1 2 4\n  - name: now\n    run: python tool.py now\n  - name: keys\n    run: python tool.py keys\n  - name: write\n    run: python tool.py write && echo written\n    env: {GREETING: hello}\n    files:\n      given.txt: \" you\"\n  - name: fail\n    run: python tool.py fail\n  - name: web\n    server: python server.py {port}\n    requests:\n      - request: POST /x\n        body: shout\n";

fn project() -> World {
    World::new(&[("tool.py", TOOL), ("server.py", SERVER), ("old.txt", "old\n"), ("iama-scenarios.yaml", FILE)])
}

/// Records; nothing where there is no Python 2.7.
fn recorded(world: &World) -> bool {
    let shown = world.iama(&["baseline", "record", "--yes", "--sandbox", "native"]);
    if shown.error() == "INTERPRETER_MISSING" {
        eprintln!("not run: no Python 2.7 was found");
        return false;
    }
    assert_eq!(shown.code, 0, "{}{}", shown.out, shown.err);
    true
}

#[test]
fn what_was_seen_is_written_into_the_file_and_comments_stay() {
    let world = project();
    let before = world.tree();
    if !recorded(&world) {
        return;
    }
    let text = world.read("iama-scenarios.yaml");
    let expected = "# what the tool does\nversion: 1\nscenarios:\n  - name: average   # of whole numbers\n    run: [python, tool.py, average]\n    stdin: 1 2 4\n    expect:\n      exit: 0\n      stdout: |\n        2\n      stderr: \"\"\n  - name: now\n    run: python tool.py now\n    expect:\n      exit: 0\n      stdout: |\n        <time>\n        <put aside>\n        done\n      stderr: \"\"\n      normalised:\n        times: 1\n      quarantined:\n        \"stdout line 2\": \"it differs from run to run\"\n";
    assert!(text.starts_with(expected), "{text}");
    let order = "      stdout: |\n        {' ': 1, 'a': 1, 'b': 1, 'i': 1, 'l': 1, 'n': 1, 'p': 1, 's': 1, 't': 1}\n      stderr: \"\"\n      normalised:\n        repr-order: 1\n";
    assert!(text.contains(order), "{text}");
    let files = "      stdout: |\n        written\n      stderr: \"\"\n      files:\n        \"new.txt\": \"hello you\"\n        \"old.txt\": {removed: true}\n";
    assert!(text.contains(files), "{text}");
    let failure = "        Traceback (most recent call last):\n          File \"tool.py\", in <module>\n          File \"tool.py\", in main\n        OSError: [Errno 2] No such file or directory: 'missing.txt'\n";
    assert!(text.contains(failure), "{text}");
    let web = "      responses:\n        - status: 201\n          headers:\n            \"content-type\": \"text/plain\"\n            \"date\": \"<time>\"\n            \"server\": \"BaseHTTP/<version> Python/<version>\"\n          body: \"SHOUT\"\n";
    assert!(text.contains(web), "{text}");
    let others = |tree: Vec<(std::path::PathBuf, Vec<u8>)>| {
        tree.into_iter().filter(|(path, _)| !path.ends_with("iama-scenarios.yaml")).collect::<Vec<_>>()
    };
    assert_eq!(others(world.tree()), others(before), "scenarios run on a copy");
    assert!(recorded(&world));
    assert_eq!(world.read("iama-scenarios.yaml"), text, "recorded once more, the file stays as it is");
}

#[test]
fn a_difference_in_the_new_code_is_shown_and_fails_the_command() {
    let world = project();
    if !recorded(&world) {
        return;
    }
    let legacy = world.iama(&["baseline", "run", "--legacy", "--yes", "--sandbox", "native", "--json"]);
    assert_eq!((legacy.code, &legacy.json()["same"]), (0, &serde_json::Value::from(6)), "{}", legacy.out);
    world.iama(&["recipes", "run", "--write", "."]);
    let migrated = world.iama(&["baseline", "run", "--yes", "--sandbox", "native", "--json"]);
    let told = migrated.json();
    let rows = told["scenarios"].as_array().unwrap();
    let standing: Vec<_> =
        rows.iter().map(|row| (row["name"].as_str().unwrap(), row["standing"].as_str().unwrap())).collect();
    let expected = [
        ("average", "different"),
        ("now", "same"),
        ("keys", "same"),
        ("write", "same"),
        ("fail", "same"),
        ("web", "same"),
    ];
    assert_eq!((migrated.code, standing), (1, expected.to_vec()), "{}", migrated.out);
    let found = serde_json::json!([{
        "part": "stdout", "recorded": "\"2\\n\"", "seen": "\"2.3333333333333335\\n\"", "lines": ["-2", "+2.3333333333333335"],
    }]);
    assert_eq!(rows[0]["differences"], found);
}

#[test]
fn a_server_that_does_not_listen_and_a_command_that_hangs_are_not_recorded() {
    let file = "version: 1\nscenarios:\n  - name: hang\n    run: sleep 60\n    timeout: 1\n  - name: deaf\n    server: sleep 60\n    ready: 1\n    requests: [GET /]\n  - name: gone\n    server: echo no such port >&2; exit 3\n    requests: [GET /]\n";
    let world = World::new(&[("a.py", "print 1\n"), ("iama-scenarios.yaml", file)]);
    let shown = world.iama(&["baseline", "record", "--yes", "--sandbox", "native", "--json"]);
    if shown.error() == "INTERPRETER_MISSING" {
        return;
    }
    let told = shown.json();
    let why: Vec<_> =
        told["scenarios"].as_array().unwrap().iter().map(|row| row["failure"].as_str().unwrap()).collect();
    let expected = [
        "it did not end within 1 s",
        "the server did not listen on its port within 1 s",
        "the server ended with 3 before it listened: no such port",
    ];
    assert_eq!((shown.code, why), (1, expected.to_vec()));
    assert_eq!(world.read("iama-scenarios.yaml"), file);
}

#[test]
fn a_file_that_is_wrong_is_told_with_its_line_before_anything_runs() {
    let check = |text: &str, code: &str, place: &str| {
        let world = World::new(&[("a.py", "print 1\n"), ("iama-scenarios.yaml", text)]);
        let shown = world.iama(&["baseline", "record", "--yes"]);
        assert_eq!((shown.code, shown.error()), (2, code), "{}", shown.err);
        assert!(shown.err.contains(place) && shown.err.contains(" hint: "), "{}", shown.err);
    };
    let row = |rest: &str| format!("version: 1\nscenarios:\n  - name: a\n    {rest}\n");
    check("version: 2\n", "SCENARIOS_INVALID", "iama-scenarios.yaml:1: the version 2 is not known");
    check(&row("rum: x"), "SCENARIOS_INVALID", "iama-scenarios.yaml:4: unknown field `rum`");
    check(
        &row("run: x\n    server: y"),
        "SCENARIOS_INVALID",
        "iama-scenarios.yaml:3: exactly one of `run` and `server`",
    );
    check(
        &row("run: x\n    normalise: [tmies]"),
        "SCENARIOS_INVALID",
        "iama-scenarios.yaml:5: there is no normaliser \"tmies\"",
    );
    check(
        &row("run: x\n    files: {../b: c}"),
        "SCENARIOS_INVALID",
        "iama-scenarios.yaml:3: ../b does not lie in the project",
    );
    check(
        &row("run: x\n    timeout: 0"),
        "SCENARIOS_INVALID",
        "iama-scenarios.yaml:3: `timeout` and `ready` lie between",
    );
    check(
        &row("server: x\n    requests: [FETCH]"),
        "SCENARIOS_INVALID",
        "iama-scenarios.yaml:3: \"FETCH\" is no request",
    );
    check("version: 1\nscenarios: [\n", "SCENARIOS_INVALID", "iama-scenarios.yaml:");
    check(
        "version: 1\nscenarios:\n  - {name: a, run: x}\n",
        "SCENARIOS_NOT_WRITTEN",
        "iama-scenarios.yaml:3: a scenario in braces",
    );
    let twice = row("run: x") + "  - name: a\n    run: y\n";
    check(&twice, "SCENARIOS_INVALID", "iama-scenarios.yaml:5: the name \"a\" is taken already");
}

#[test]
fn ways_into_a_project_are_proposed_and_recorded() {
    let world = World::new(&[("tool.py", TOOL), ("lib.py", "x = 1\n")]);
    assert_eq!(world.iama(&["baseline", "show"]).error(), "SCENARIOS_MISSING");
    let shown = world.iama(&["baseline", "record", "--propose", "--yes", "--sandbox", "native"]);
    if shown.error() == "INTERPRETER_MISSING" {
        return;
    }
    assert_eq!(shown.code, 0, "{}{}", shown.out, shown.err);
    let text = world.read("iama-scenarios.yaml");
    assert!(text.contains("- name: \"tool.py --help\"\n    run: [\"python\", \"tool.py\", \"--help\"]\n"), "{text}");
    assert!(text.contains("        IndexError: list index out of range\n"), "{text}");
    assert!(world.iama(&["baseline", "show"]).out.ends_with("2 scenarios, 2 recorded\n"));
}

#[test]
fn floods_daemons_and_the_network_are_kept_within_bounds() {
    let file = "version: 1\nscenarios:\n  - name: flood\n    run: [python, -c, \"import sys; sys.stdout.write('x' * 3000000)\"]\n  - name: daemon\n    run: (sleep 50; echo late) & echo now\n  - name: bytes\n    run: printf 'a\\000b'\n  - name: network\n    run: [python, -c, \"import socket; socket.create_connection(('93.184.216.34', 80), 5)\"]\n    ignore: [stderr]\n";
    let world = World::new(&[("a.py", "print 1\n"), ("iama-scenarios.yaml", file)]);
    let shown = world.iama(&["baseline", "record", "--yes", "--sandbox", "native", "--json"]);
    if shown.error() == "INTERPRETER_MISSING" {
        return;
    }
    let told = shown.json();
    let parts = |part: &str| -> Vec<serde_json::Value> {
        told["scenarios"].as_array().unwrap().iter().map(|row| row["expect"]["parts"][part].clone()).collect()
    };
    let flood =
        json!({ "sha256": "e55b8bdf621ddaa8f462c74745db9680d3bb7536a9cf854f8d6668b34a287890", "bytes": 3_000_000 });
    assert_eq!(parts("stdout"), [flood, "now\n".into(), json!({ "base64": "YQBi" }), "".into()], "{told}");
    assert_eq!(parts("exit"), ["0", "0", "0", "1"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_on_a_level_without_a_loopback_is_told_and_not_recorded() {
    let world = World::new(&[
        ("server.py", SERVER),
        (
            "iama-scenarios.yaml",
            "version: 1\nscenarios:\n  - name: web\n    server: python server.py {port}\n    requests: [GET /]\n",
        ),
    ]);
    // Without bubblewrap on PATH the next level is landlock.
    let shown =
        world.iama_where(&[("PATH", &world.root())], &["baseline", "record", "--yes", "--sandbox", "native", "--json"]);
    if shown.error() == "INTERPRETER_MISSING" || !shown.err.contains("isolation: landlock+seccomp") {
        eprintln!("not run: no Python 2.7 beside PATH, or no landlock");
        return;
    }
    let why = shown.json()["scenarios"][0]["failure"].as_str().unwrap().to_owned();
    assert!(why.contains("use bubblewrap or Docker"), "{why}");
    assert_eq!(shown.code, 1);
}
