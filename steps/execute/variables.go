package execute

import "regexp"

// Variables that decide which code a program runs. What is named here is refused
// where it comes from outside; a literal one wants `shell: true`.
var (
	codeVariables = regexp.MustCompile(`^(?i:LD_.*|DYLD_.*|PATH|ENV|BASH_ENV|SHELL|SHELLOPTS|BASHOPTS|BASH_FUNC_.*|PS4|PROMPT_COMMAND|IFS|CDPATH|` +
		`PERL.*|PYTHON.*|PIP_.*|RUBY.*|GEM_.*|BUNDLE_.*|NODE_(OPTIONS|PATH)|NPM_CONFIG_.*|LUA_.*|PHPRC|PHP_INI_SCAN_DIR|TCLLIBPATH|AWKPATH|AWKLIBPATH|` +
		`R_(PROFILE|ENVIRON|LIBS).*|JULIA_.*|GIT_.*|SSH_ASKPASS|SUDO_ASKPASS|.*PAGER|.*EDITOR|VISUAL|FCEDIT|BROWSER|LESS(OPEN|CLOSE|KEY.*)|LESS|` +
		`_?JAVA_(TOOL_)?OPT(ION)?S|JDK_JAVA_OPTIONS|CLASSPATH|MAVEN_OPTS|GRADLE_OPTS|GOFLAGS|GOTOOLCHAIN|CGO_.*|CC|CXX|RUST.*|CARGO_.*|` +
		`(GNU)?MAKE(FLAGS|FILES)?|GCONV_PATH|OPENSSL_(CONF|ENGINES|MODULES)|RSYNC_.*|CVS_RSH|SVN_SSH|ANSIBLE_.*|TAR_OPTIONS|TF_CLI_.*|DOTNET_.*|COMPLUS_.*)$`)
	harmless = regexp.MustCompile(`^(GIT_(AUTHOR|COMMITTER)_(NAME|EMAIL|DATE)|GIT_TERMINAL_PROMPT|PYTHON(UNBUFFERED|IOENCODING|DONTWRITEBYTECODE|HASHSEED|UTF8)|PIP_NO_CACHE_DIR|RUST_(LOG|BACKTRACE))$`)
	// leadVariables name files and folders in which code, or its name, may stand.
	leadVariables = regexp.MustCompile(`^(HOME|USERPROFILE|XDG_.*|KUBECONFIG|AWS_(CONFIG|SHARED_CREDENTIALS)_FILE|DOCKER_(CONFIG|HOST)|CLOUDSDK_CONFIG|HELM_.*|` +
		`TERRAFORM_CONFIG|INPUTRC|TERMINFO.*|LOCPATH|NLSPATH|GNUPGHOME|CURL_HOME|WGETRC|NETRC|ZDOTDIR|VIRTUAL_ENV|GOPATH|GOROOT|JAVA_HOME)$`)
)

// choosesCode reports whether a variable decides which code runs.
func choosesCode(name string) bool {
	return codeVariables.MatchString(name) && !harmless.MatchString(name)
}

// leadsToCode reports whether what a variable names may decide it.
func leadsToCode(name string) bool { return leadVariables.MatchString(name) }
