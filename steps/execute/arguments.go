package execute

import (
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// Options say what the programs of this machine are given.
type Options struct {
	// Env looks up the variables that a step passes on, and PATH.
	Env func(name string) (string, bool)
	// Policy says which programs the site allows; nil where no one has said
	// anything, as when a skill is checked for itself.
	Policy *Policy
	// Self is how this program starts itself, to watch over what a program starts;
	// see [Supervise]. Without it only the program's process group is ended.
	Self string
	// Grace is how long a program that is told to end may take; 0 is 2 seconds.
	Grace time.Duration
}

// ExitCode is the code of a program that ended otherwise than expected.
const ExitCode types.Code = "exit_code"

// Look are the arguments of exec_read.
type Look struct {
	Program   string            `json:"program" trusted:"true" pattern:"^(/[^\\x00]+|[A-Za-z0-9][A-Za-z0-9._+-]*)$" doc:"The program: an absolute path, or a name that is looked up in PATH."`
	Script    string            `json:"script,omitempty" literal:"true" doc:"A script that the program, a shell, runs with -eu. It needs shell: true. Values reach it as variables (env), and args as $1 and so on; quote them: \"$1\"."`
	Args      []string          `json:"args,omitempty" doc:"Its arguments, passed without a shell. Put -- before one that comes from outside, if the program supports it: one that begins with a dash would be an option."`
	Dir       *string           `json:"dir" workspace:"true" pattern:"^[a-z0-9][a-z0-9._-]{0,63}$" doc:"The workspace to run in, as git_checkout returned it. What the program changes there, up to 16 MiB, is recorded with its result, and restored when the run is resumed elsewhere. Without it, a new empty folder."`
	Env       map[string]string `json:"env,omitempty" doc:"Variables to set."`
	PassEnv   []string          `json:"pass_env,omitempty" doc:"Names of variables to pass on from skillrun's own environment, such as HOME or KUBECONFIG; those that are not set are left out. PATH is always passed on, everything else is not."`
	Stdin     string            `json:"stdin,omitempty" doc:"The program's standard input; empty by default."`
	Shell     bool              `json:"shell,omitempty" doc:"Whether the program may execute text as code: a shell with -c, a variable that decides which code runs, text from outside where the program takes code. The site has to allow it, by naming the program under policy.exec."`
	Sandbox   bool              `json:"sandbox,omitempty" doc:"Whether the program is confined: no network, writes only to its folder and $TMPDIR, reads only there and in system folders (/usr, /etc and the like; not your home). Needs Linux with Landlock; elsewhere the step is refused."`
	Timeout   string            `json:"timeout,omitempty" default:"5m" format:"duration" doc:"How long it may run. Then it gets SIGTERM, and SIGKILL 2 seconds later."`
	MaxOutput int               `json:"max_output,omitempty" default:"65536" minimum:"1" maximum:"1048576" doc:"How many bytes of stdout and of stderr are kept, each; of longer output, the end."`
	Expect    []int             `json:"expect,omitempty" doc:"The exit codes that mean success; by default 0."`
	Codes     []Failure         `json:"codes,omitempty" literal:"true" doc:"Error codes for how the program ends; the first rule that applies counts. Without one, an exit code that is not expected is the error exit_code. An error code says that the program did not do its work; unknown_outcome, of exec, that this is unknown."`
	Parse     string            `json:"parse,omitempty" enum:"json,jsonl,lines,table,regex,text" doc:"How stdout is read into value: as one JSON value, as one in each line, as a list of lines, as a table with a line of names above, whose columns are separated by tabs or begin where their names do (CONTAINER ID is read as container_id), as a list of what pattern finds, or as a text without the ends of line at its end. Without it, stdout is text only. What cannot be parsed, or is longer than max_output, is the error invalid; of exec, value is absent then, because the program did its work."`
	Pattern   string            `json:"pattern,omitempty" literal:"true" doc:"For parse: regex, a regular expression (RE2) with named groups, such as (?P<name>[a-z]+). For each place where it matches, value has an object with the text of each group; of a group that took no part, an empty one."`
	Secrets
}

// Secrets are what a program is given that nobody is to see.
type Secrets struct {
	SecretEnv   map[string]types.Secret `json:"secret_env,omitempty" doc:"Variables to set to secrets."`
	SecretStdin types.Secret            `json:"secret_stdin,omitzero" doc:"A secret as the program's standard input, instead of stdin."`
}

// Failure is a rule that gives a program's end an error code.
type Failure struct {
	ExitCodes []int      `json:"exit_codes,omitempty" doc:"The exit codes that it is about; without them, all that do not mean success."`
	Stderr    string     `json:"stderr,omitempty" doc:"A regular expression (RE2) that must match in stderr."`
	Code      types.Code `json:"code" doc:"The error code."`
}

// Finder is how a program's effect is looked for.
type Finder struct {
	Program   string     `json:"program" trusted:"true" pattern:"^(/[^\\x00]+|[A-Za-z0-9][A-Za-z0-9._+-]*)$" doc:"A program that only reads; exit_codes says what its exit codes mean."`
	Script    string     `json:"script,omitempty" literal:"true" doc:"A script that the program, a shell, runs, as that of the step."`
	Args      []string   `json:"args,omitempty" doc:"Its arguments."`
	ExitCodes *FindCodes `json:"exit_codes" doc:"What its exit codes mean; by default 0 that the effect exists, and 1 that it does not. Any other is inconclusive: before the program has run, the step fails, and a resumed run checks again; when it may have run, the run parks until it is resolved."`
	Codes     []Failure  `json:"codes,omitempty" literal:"true" doc:"Error codes for how it ends, which come before exit_codes. not_found means that the effect does not exist, and then exit code 1 alone does not mean that; every other one is inconclusive."`
}

// FindCodes are the exit codes that tell whether an effect is there.
type FindCodes struct {
	Exists []int `json:"exists,omitempty" default:"[0]" doc:"The effect exists."`
	Absent []int `json:"absent,omitempty" default:"[1]" doc:"It does not."`
}

// In are the arguments of exec. An exit code that is not expected means that
// the program did not do its work.
type In struct {
	Look
	Find *Finder `json:"find" trusted:"true" doc:"How to check whether the effect exists already. It runs with the same dir and variables, before the program, and again when the outcome of the program is unknown. If the effect exists, the result of the step is that of this program. Without find, an unknown outcome parks the run until it is resolved."`
	// Cosmetic: it is said to the plan.
	Changes []string `json:"changes,omitempty" cosmetic:"true" doc:"The names of services of the configuration that the program changes. A plan assumes that it changes this machine only; reads of these services are then known after it, too."`
}

// Out is the result of both.
type Out struct {
	ExitCode    int           `json:"exit_code" doc:"The exit code."`
	Stdout      string        `json:"stdout" doc:"The end of what it wrote to stdout. What is not UTF-8 is replaced."`
	Value       *any          `json:"value,omitempty" doc:"What stdout was parsed to, with parse."`
	Stderr      string        `json:"stderr" doc:"The end of what it wrote to stderr."`
	StdoutBytes int           `json:"stdout_bytes" doc:"How many bytes it wrote to stdout."`
	StderrBytes int           `json:"stderr_bytes" doc:"How many bytes it wrote to stderr."`
	Truncated   bool          `json:"truncated" doc:"Whether it wrote more than was kept."`
	Files       []ChangedPath `json:"files,omitempty" doc:"What it made, changed and deleted in the workspace."`
}

// Policy says which programs a site lets its skills run.
type Policy struct {
	Listed   bool     // whether only those of Programs may run; else all, but for those with `shell: true`
	Programs []string // names, as they are found in PATH, or absolute paths
}
