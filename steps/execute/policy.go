package execute

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

func (r runner) checkLook(in Look, unknown step.UnknownPaths) error {
	if err := in.check(unknown); err != nil {
		return err
	}
	if err := in.checkCodes(unknown, false); err != nil {
		return err
	}
	return r.checkPolicy(in, unknown.Has("program"), unknown.Overlaps("args"))
}

func (r runner) checkIn(in In, unknown step.UnknownPaths) error {
	if err := in.check(unknown); err != nil {
		return err
	}
	if err := r.checkPolicy(in.Look, unknown.Has("program"), unknown.Overlaps("args")); err != nil || in.Find == nil || unknown.Has("find") {
		return err
	}
	return r.checkPolicy(in.lookup(), unknown.Has("find.program"), unknown.Overlaps("find.args"))
}

// checkPolicy refuses a known program that the site does not allow, or one that it starts.
func (r runner) checkPolicy(in Look, unknown, open bool) error {
	if r.Policy == nil || unknown || !r.Policy.Listed && !in.Shell {
		return nil
	}
	named := []string{in.Program}
	if !open {
		named = commandsOf(in.Program, in.scripted().Args, "").programs
	}
	for _, program := range named {
		if slices.ContainsFunc(r.Policy.Programs, func(allowed string) bool { return mayBeSame(allowed, program) }) {
			continue
		}
		what := "this site does not let skills run " + program
		if in.Shell && !r.Policy.Listed {
			what = "this site does not allow shell: true with " + program
		}
		return types.Errorf(types.BadInput, "%s", what).WithHint("the owner of the site can add it to policy: {exec: [%s]} in skillrun.yaml", program)
	}
	return nil
}

// mayBeSame reports whether two names of a program may be of one, which is seen when it
// is started. A site names none of the working directory.
func mayBeSame(allowed, program string) bool {
	if strings.Contains(program, "/") && !filepath.IsAbs(program) {
		return false
	}
	if strings.HasPrefix(allowed, "/") == strings.HasPrefix(program, "/") {
		return filepath.Clean(allowed) == filepath.Clean(program)
	}
	return filepath.Base(allowed) == filepath.Base(program)
}

// checkResolved refuses a program, found at path, that is another file than the one that
// the site allows; and so for those that it is told to start.
func (r runner) checkResolved(in Look, path string) *fault {
	if r.Policy == nil || !r.Policy.Listed && !in.Shell {
		return nil
	}
	for i, program := range commandsOf(in.Program, in.scripted().Args, "").programs {
		if i > 0 {
			path = program
			if found, f := r.program(Look{Program: program}); f == nil && !strings.Contains(program, "/") {
				path = found
			}
		}
		if !slices.ContainsFunc(r.Policy.Programs, func(allowed string) bool { return r.isAllowed(allowed, program, path) }) {
			return notStarted(types.Errorf(types.Forbidden, "this site does not let skills run %s", path).
				WithHint("the owner of the site can add it to policy: {exec: [%s]} in skillrun.yaml", path))
		}
	}
	return nil
}

// isAllowed reports whether what the site allows is the program at a path.
func (r runner) isAllowed(allowed, program, path string) bool {
	if allowed == program {
		return true
	}
	if !filepath.IsAbs(allowed) {
		found, f := r.program(Look{Program: allowed})
		if f != nil {
			return false
		}
		allowed = found
	}
	return filepath.Clean(allowed) == filepath.Clean(path)
}
