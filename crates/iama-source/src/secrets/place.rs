//! What the name of a file says of the secrets in it.

/// What a file is for, as far as secrets are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A program: what stands without quotes is a name, not a value.
    Code,
    /// Settings: what stands after a name is its value.
    Settings,
    /// Data or text of any kind.
    Other,
    /// Kept for secrets.
    Kept,
}

/// A file's path as a hint.
#[expect(clippy::struct_excessive_bools, reason = "independent facts that a path tells")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) kind: Kind,
    /// Tests and examples hold made-up passwords.
    pub(super) test: bool,
    /// The same without tests: what is shown to a reader, as good as it looks.
    pub(super) example: bool,
    /// Its lines are commands.
    pub(super) shell: bool,
    /// A value needs quotes, as it does in programs.
    pub(super) quotes: bool,
    /// Translations give words to names.
    pub(super) words: bool,
}

const CODE: &str = "\
    py pyi pyx pyw js jsx mjs cjs ts tsx java kt kts scala groovy go rs c h cc cpp hpp cs m mm swift rb php pl pm \
    lua ex erl clj hs dart vue svelte sql r";

const SETTINGS: &str = "\
    env yaml yml toml ini cfg conf config properties xml json json5 tfvars tf hcl plist sh bash zsh fish ps1 bat \
    cmd exs tfstate service rc cnf settings prefs reg dist local";

/// Names, or ends of names, of files that exist to hold a secret.
const KEPT: &str = "\
    .env .netrc _netrc .pgpass pgpass.conf .htpasswd htpasswd .dockercfg .npmrc .pypirc .git-credentials \
    .gitcredentials .s3cfg .boto .my.cnf my.cnf .mylogin.cnf credentials credentials.json credentials.xml \
    credentials.yml credentials.yaml secrets.json secrets.yml secrets.yaml secrets.toml secret.yml secret.json \
    .credentials wp-config.php database.yml mongoid.yml robomongo.json filezilla.xml recentservers.xml \
    sitemanager.xml sftp-config.json sftp.json .ftpconfig .remote-sync.json deployment-config.json shadow passwd \
    master.passwd proftpdpasswd .esmtprc .msmtprc .tugboat heroku.json logins.json webservers.xml \
    keystore.properties gradle.properties winscp.ini ventrilo_srv.ini hub hosts.yml terraform.tfvars .vault-token \
    .rediscli_auth .bash_history .zsh_history .sh_history .mysql_history .psql_history .history auth.json \
    .pip/pip.conf localsettings.php configuration.php settings.php parameters.yml config.gypi id_rsa id_dsa \
    id_ecdsa id_ed25519 secring.gpg .cargo/credentials.toml .gem/credentials local_settings.py secrets.py \
    secret.py server.cfg connect.inc.php config.inc.php db.php credentials-config.json data-sources.xml \
    datasources.xml jenkins.plugins.publish_over_ssh.bapsshpublisherplugin.xml idea64.xml accounts.xml \
    otr.private_key express.conf .docker/config.json .kube/config kubeconfig .aws/config .terraformrc terraform.rc \
    .snyk .wgetrc .curlrc tokens.json token.json client_secret.json client_secrets.json service-account.json \
    service_account.json";

const TESTS: &[&str] =
    &["test", "tests", "testing", "testdata", "test_data", "fixtures", "mocks", "__tests__", "spec", "specs"];

const EXAMPLES: &[&str] = &["examples", "example", "samples", "sample", "docs", "doc", "demo", "demos", "tutorial"];

impl Place {
    /// Reads a path, with `/` or `\` between folders.
    pub(super) fn of(path: &str) -> Self {
        let path = path.replace('\\', "/").to_ascii_lowercase();
        let name = path.rsplit('/').next().unwrap_or(&path);
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let code = CODE.split_ascii_whitespace().any(|code| code == extension);
        let kept = KEPT.split_ascii_whitespace().any(|kept| {
            name == kept
                || path == kept
                || path.ends_with(&format!("/{kept}"))
                || name.ends_with(&format!("_{}", kept.trim_start_matches('.')))
        }) || name.starts_with(".env")
            || (!code && (name.starts_with("secrets.") || name.starts_with("credentials.")))
            || (name.contains("history") && (name.starts_with('.') || extension.is_empty()));
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let is_settings = matches!(
            stem,
            "settings" | "config" | "configuration" | "conf" | "constants" | "local_settings" | "credentials"
        );
        let hidden = name.starts_with('.') && !name[1..].contains('.');
        let kind = if kept {
            Kind::Kept
        } else if code && !is_settings {
            Kind::Code
        } else if is_settings || SETTINGS.split_ascii_whitespace().any(|settings| settings == extension) || hidden {
            Kind::Settings
        } else {
            Kind::Other
        };
        let folders = path.split('/');
        let test = folders.clone().any(|folder| TESTS.contains(&folder))
            || matches!(stem, "test" | "tests")
            || name.starts_with("test_")
            || name.contains("_test.")
            || name.contains(".test.")
            || name.contains(".spec.");
        let example = folders.clone().any(|folder| EXAMPLES.contains(&folder)) || name.starts_with("example");
        let test = test || example;
        let shell = matches!(extension, "sh" | "bash" | "zsh" | "fish" | "md" | "yml" | "yaml" | "txt" | "rst")
            || name.contains("history")
            || name.starts_with(".bash")
            || name.starts_with(".zsh");
        let words = folders.clone().any(|folder| {
            matches!(folder, "locale" | "locales" | "i18n" | "lang" | "languages" | "translations" | "l10n")
        });
        Self { kind, test: test && kind != Kind::Kept, example, shell, quotes: code, words }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_a_file_is_for() {
        let kinds = [
            "a/b.py",
            "conf/app.yaml",
            ".env.production",
            "home/.netrc",
            "notes.txt",
            ".bashrc",
            ".docker/config.json",
        ]
        .map(|path| Place::of(path).kind);
        assert_eq!(
            kinds,
            [Kind::Code, Kind::Settings, Kind::Kept, Kind::Kept, Kind::Other, Kind::Settings, Kind::Kept]
        );
    }

    #[test]
    fn tests_are_known_by_folder_and_name() {
        assert!(Place::of("a/tests/b.py").test && Place::of("test_b.py").test && !Place::of("a/latest/b.py").test);
    }
}
