package execute

import (
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
)

// TestVariablesThatChooseCode: they are not taken from outside, and those that do
// nothing else are written out only with shell: true.
func TestVariablesThatChooseCode(t *testing.T) {
	t.Parallel()
	for name, literal := range map[string]bool{
		"PERL5OPT": false, "PERL5LIB": false, "PYTHONPATH": false, "PYTHONSTARTUP": false, "RUBYOPT": false, "NODE_OPTIONS": false,
		"GIT_SSH_COMMAND": false, "GIT_CONFIG_COUNT": false, "GIT_EXTERNAL_DIFF": false, "LD_PRELOAD": false, "LD_LIBRARY_PATH": false,
		"DYLD_INSERT_LIBRARIES": false, "BASH_ENV": false, "ENV": false, "IFS": false, "PATH": false, "PAGER": false, "EDITOR": false, "VISUAL": false,
		"GIT_PAGER": false, "GIT_EDITOR": false, "MANPAGER": false, "BROWSER": false, "LESSOPEN": false, "BASH_FUNC_x": false, "npm_config_script_shell": false,
		"JAVA_TOOL_OPTIONS": false, "MAKEFLAGS": false, "GOFLAGS": false, "RUSTC_WRAPPER": false, "GCONV_PATH": false, "OPENSSL_CONF": false,
		"ANSIBLE_CONFIG": false, "RSYNC_RSH": false, "PROMPT_COMMAND": false, "PS4": false, "SHELLOPTS": false, "LUA_INIT": false, "AWKPATH": false,
		"CFLAGS": false, "RIPGREP_CONFIG_PATH": false, "BORG_RSH": false, "VIMINIT": false, "ERL_FLAGS": false, "DENO_DIR": false, "COMPILER_PATH": false,
		"http_proxy": true, "HTTPS_PROXY": true, "SSL_CERT_FILE": true, "SSH_AUTH_SOCK": true, "NODE_EXTRA_CA_CERTS": true,
		"HOME": true, "KUBECONFIG": true, "XDG_CONFIG_HOME": true, "AWS_CONFIG_FILE": true, "DOCKER_CONFIG": true,
	} {
		if err := (Look{Program: "x", Env: map[string]string{name: step.Outside}, Shell: true}).guard(nil); err == nil {
			t.Errorf("%s is taken from outside", name)
		}
		if err := (Look{Program: "x", Env: map[string]string{name: "x"}}).check(nil); (err == nil) != literal {
			t.Errorf("%s, written out: %v", name, err)
		}
		if err := (Look{Program: "x", Env: map[string]string{name: "x"}, Shell: true}).check(nil); err != nil {
			t.Errorf("%s, written out with shell: %v", name, err)
		}
	}
	for _, name := range []string{"TITLE", "GIT_AUTHOR_NAME", "GIT_COMMITTER_DATE", "PYTHONUNBUFFERED", "AWS_REGION", "LC_ALL", "TZ"} {
		if err := (Look{Program: "x", Env: map[string]string{name: step.Outside}}).guard(nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	const whole, one = "the names of the variables come from outside", "the variable HOME decides which code runs, and its value comes from outside"
	if err := (Look{Program: "x"}).guard(step.UnknownPaths{"env"}); err == nil || !strings.HasPrefix(err.Error(), whole) {
		t.Error(err)
	}
	if err := (Look{Program: "x", Env: map[string]string{"HOME": step.Outside}}).guard(nil); err == nil || !strings.HasPrefix(err.Error(), one) {
		t.Error(err)
	}
	if err := (Look{Program: "sh"}).guard(step.UnknownPaths{"args"}); err == nil {
		t.Error("all of args comes from outside")
	}
}
