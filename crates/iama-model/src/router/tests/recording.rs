use super::*;

fn texts(done: &[Done]) -> Vec<String> {
    done.iter()
        .map(|done| done.result.as_ref().map_or_else(|failure| failure.code().to_owned(), |answer| answer.text.clone()))
        .collect()
}

async fn run(router: &Router, tasks: &[&str]) -> Vec<Done> {
    let mut setting = Setting::new();
    let mut done = Vec::new();
    for task in tasks {
        (*task).clone_into(&mut setting.prompt.task);
        done.push(setting.simply(router).await);
    }
    done
}

#[tokio::test]
async fn a_replay_gives_the_same_answers_in_the_same_order_without_a_provider() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, model, path) in FORMS {
        let replies = ["one", "two", "three"].map(|word| Reply::stream(&whole(kind, &[word, " sk-secret-1234"])));
        let fake = Fake::start(replies.into()).await.unwrap();
        let place = folder.path().join(model);
        let tasks = ["same", "other", "same"];
        let live = run(&Router::recording(one(kind, model, fake.url() + path), &place).unwrap(), &tasks).await;
        drop(fake);
        let nowhere = one(kind, model, "http://127.0.0.1:9".to_owned());
        let replayed = run(&Router::replaying(nowhere, &place).unwrap(), &tasks).await;
        assert_eq!(texts(&replayed), ["one [key]", "two [key]", "three [key]"]);
        let audits = |done: &[Done]| done.iter().map(|done| done.audit.clone()).collect::<Vec<_>>();
        assert_eq!(audits(&replayed), audits(&live));
    }
}

#[tokio::test]
async fn no_secret_is_kept_and_what_was_not_recorded_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(vec![Reply::stream(&whole(Kind::Openai, &["sk-secret-1234"]))]).await.unwrap();
    run(&Router::recording(one(Kind::Openai, "gpt-5", fake.url()), folder.path()).unwrap(), &["sk-secret-1234"]).await;
    let files: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    assert_eq!((files.len(), files[0].contains("sk-secret")), (1, false));
    let player = Router::replaying(one(Kind::Openai, "gpt-5", fake.url()), folder.path()).unwrap();
    let done = run(&player, &["sk-secret-1234", "sk-secret-1234", "new"]).await;
    assert_eq!(texts(&done), ["[key]", "NOT_RECORDED", "NOT_RECORDED"]);
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn failures_are_replayed_as_well_and_without_their_pauses() {
    let folder = tempfile::tempdir().unwrap();
    let torn = Reply::stream(&whole(Kind::Openai, &["x"])[..2]).then(Step::Tear);
    let limited = Reply::refusal(429, "{}").with_header("retry-after-ms", "1");
    let fake = Fake::start(vec![limited, torn, Reply::stream(&whole(Kind::Openai, &["done"]))]).await.unwrap();
    let live = run(&Router::recording(one(Kind::Openai, "gpt-5", fake.url()), folder.path()).unwrap(), &["t"]).await;
    let replayed =
        run(&Router::replaying(one(Kind::Openai, "gpt-5", fake.url()), folder.path()).unwrap(), &["t"]).await;
    let outcomes: Vec<&str> = replayed[0].audit.tries.iter().map(|tried| tried.outcome.as_str()).collect();
    assert_eq!(outcomes, ["RATE_LIMITED", "CONNECTION", "OK"]);
    assert_eq!(replayed[0].audit, live[0].audit);
}
