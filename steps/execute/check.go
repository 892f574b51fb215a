package execute

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/workspaces"
)

var (
	programPattern  = types.PatternOf[Look]("program")
	shellPattern    = types.Pattern(`^(ba|da|k|z|c|tc|fi|a)?sh$`)
	textPattern     = types.Pattern(`^-[a-zA-Z]*c`)
	variablePattern = types.Pattern(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// check refuses what no program is run with.
func (in Look) check(unknown step.UnknownPaths) error {
	if err := checkProgram(in, unknown.Has("program")); err != nil {
		return err
	}
	if in.Dir != nil && !unknown.Has("dir") {
		if err := workspaces.CheckName(*in.Dir); err != nil {
			return err
		}
	}
	if in.Timeout != "" && !unknown.Has("timeout") {
		if limit, err := types.ParseDuration(in.Timeout); err != nil || limit <= 0 {
			return types.Errorf(types.BadInput, "timeout is %q, not a duration above zero", in.Timeout).WithHint("use 90s or 5m")
		}
	}
	for _, code := range in.Expect {
		if err := checkCode(code); err != nil {
			return err
		}
	}
	if err := in.checkPattern(); err != nil {
		return err
	}
	return in.checkVariables()
}

// checkCodes refuses codes that cannot be; write says that it may change something.
func (in Look) checkCodes(unknown step.UnknownPaths, write bool) error {
	others := map[string][]int{}
	if !unknown.Overlaps("expect") {
		others["success"] = expected(in)
	}
	return checkFailures(unknown, "codes", in.Codes, write, others)
}

// checkProgram refuses a shell with a text to run.
func checkProgram(in Look, unknown bool) error {
	if !unknown && !programPattern().MatchString(in.Program) {
		return types.Errorf(types.BadInput, "%q is not a program", in.Program).WithHint("use an absolute path, or a name that is in PATH")
	}
	if err := checkScript(in); err != nil && !unknown {
		return err
	}
	if shell := runsText(in); !unknown && !in.Shell && shell != "" {
		return types.Errorf(types.BadInput, "%s would execute text as code", shell).WithHint("put the text into a file and run that, with values from outside as its arguments; or set shell: true, if the site allows it")
	}
	for _, a := range append(slices.Clone(in.Args), in.Stdin) {
		if strings.Contains(a, "\x00") {
			return types.Errorf(types.BadInput, "an argument of %s holds a NUL character", name(in)).WithHint("leave it out")
		}
	}
	return nil
}

// runsText is the shell that a command line gives a text to run, however deep.
func runsText(in Look) string {
	if shellPattern().MatchString(name(in)) && slices.ContainsFunc(in.Args, textPattern().MatchString) {
		return name(in)
	}
	return commandsOf(in.Program, in.Args, "").text
}

// checkCode refuses what no program can end with.
func checkCode(code int) error {
	if code < 0 || code > 255 {
		return types.Errorf(types.BadInput, "%d is not an exit code", code).WithHint("exit codes are 0 to 255")
	}
	return nil
}

// checkSecrets refuses secrets that stand in the place of something else, or would
// decide which code runs.
func (in Look) checkSecrets() error {
	if in.Stdin != "" && !in.SecretStdin.IsZero() {
		return types.Errorf(types.BadInput, "both stdin and secret_stdin are given").WithHint("leave one of them out")
	}
	for _, name := range types.SortedKeys(in.SecretEnv) {
		_, twice := in.Env[name]
		switch {
		case !variablePattern().MatchString(name) || strings.Contains(in.SecretEnv[name].Reveal(), "\x00"):
			return types.Errorf(types.BadInput, "the variable %q cannot be set", name).WithHint("use letters, digits and underscores, and no NUL in the value")
		case twice:
			return types.Errorf(types.BadInput, "the variable %s stands in both env and secret_env", name).WithHint("leave one of them out")
		case choosesCode(name) || leadsToCode(name):
			return types.Errorf(types.BadInput, "the variable %s would decide which code runs, and a secret may be anything", name).WithHint("give the secret in another variable")
		}
	}
	return nil
}

func (in Look) checkVariables() error {
	if err := in.checkSecrets(); err != nil {
		return err
	}
	for _, name := range in.PassEnv {
		if !variablePattern().MatchString(name) {
			return types.Errorf(types.BadInput, "%q cannot name a variable", name).WithHint("use letters, digits and underscores")
		}
	}
	for _, name := range types.SortedKeys(in.Env) {
		switch {
		case !variablePattern().MatchString(name) || strings.Contains(in.Env[name], "\x00"):
			return types.Errorf(types.BadInput, "the variable %q cannot be set", name).WithHint("use letters, digits and underscores, and no NUL in the value")
		case choosesCode(name) && !in.Shell:
			return types.Errorf(types.BadInput, "the variable %s would decide which code runs", name).WithHint("name the program by its absolute path; use pass_env for a variable that skillrun has itself; or set shell: true, if the site allows it")
		}
	}
	return nil
}

func (in In) check(unknown step.UnknownPaths) error {
	if err := in.Look.check(unknown); err != nil {
		return err
	}
	if err := in.checkCodes(unknown, true); err != nil || in.Find == nil || unknown.Has("find") {
		return err
	}
	if err := checkProgram(in.lookup(), unknown.Has("find.program")); err != nil {
		return err
	}
	if unknown.Overlaps("find.exit_codes") {
		return nil
	}
	codes := in.Find.codes()
	if err := checkFailures(unknown, "find.codes", in.Find.Codes, false, map[string][]int{"exists": codes.Exists, "absent": codes.Absent}); err != nil {
		return err
	}
	return in.Find.check()
}

// check refuses a code that no program ends with, and one that says both.
func (f Finder) check() error {
	codes := f.codes()
	for _, c := range slices.Concat(codes.Exists, codes.Absent) {
		if err := checkCode(c); err != nil {
			return err
		}
		if slices.Contains(codes.Exists, c) && slices.Contains(codes.Absent, c) {
			return types.Errorf(types.BadInput, "exit code %d of find means both exists and absent", c).
				WithHint("leave it out of exit_codes.exists or of exit_codes.absent")
		}
	}
	return nil
}
