package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type testFlags struct {
	run, junit       string
	record           string
	site             runFlags
	coverage, update bool
	min              int
}

func (p *Program) testCmd() *cobra.Command {
	var f testFlags
	c := &cobra.Command{
		Use: "test [SKILL|FILE|FOLDER]...", Short: "Run the tests that stand beside skills; without arguments, all of them",
		Long: `Runs the cases of NAME_test.yaml, which stands beside the skill or the step type
NAME.yaml. A case says what each step answers, so that nothing outside is reached
and nothing is written. Every answer is checked against the type of its step.`,
		Example: "  skillrun test\n  skillrun test ./skills --coverage\n  skillrun test ./skills/mine.yaml --run 'no image'\n  skillrun test --min 90 --junit tests.xml\n  skillrun test --record last > ./skills/mine_test.yaml",
		RunE:    func(c *cobra.Command, args []string) error { return p.test(c.Context(), args, f) },
	}
	c.Flags().StringVar(&f.run, "run", "", "only the cases whose name matches a `regexp`")
	c.Flags().BoolVar(&f.coverage, "coverage", false, "show what no case covers")
	c.Flags().IntVar(&f.min, "min", 0, "fail below this `percentage` of coverage, of each file")
	c.Flags().StringVar(&f.junit, "junit", "", "write the results to a `file`, as JUnit XML")
	c.Flags().StringVar(&f.record, "record", "", "print a file of tests with this `run` as its case")
	c.Flags().BoolVar(&f.update, "update", false, "replace the values in expect that are not as expected")
	p.siteFlags(c, &f.site, "of --record: a run of the sandbox")
	p.completeFlag(c, "record", p.completeRuns(&f.site))
	completeFiles(c, "junit", "xml")
	c.ValidArgsFunction = p.completeSkills
	return c
}

func (p *Program) test(ctx context.Context, args []string, f testFlags) error {
	switch {
	case f.record != "" && len(args) > 0:
		return refused(types.Errorf(types.BadInput, "--record prints the tests of a run, and runs none").WithHint("leave out %s", args[0]))
	case f.record != "":
		return p.recordTest(f)
	}
	only, err := regexp.Compile(f.run)
	if err != nil {
		return refused(types.Errorf(types.BadInput, "--run is not a regular expression: %w", err).WithHint("a name is matched anywhere: --run 'no image'"))
	}
	if f.min < 0 || f.min > 100 {
		return refused(types.Errorf(types.BadInput, "--min is a percentage from 0 to 100"))
	}
	files, err := p.testFiles(args)
	if err != nil {
		return refused(err)
	}
	cat, err := p.catalogue()
	if err != nil {
		return refused(err)
	}
	suites, diags, sources := p.suites(files, cat)
	if diags.HasErrors() {
		return p.diagnose(diags, sources)
	}
	if len(suites) == 0 {
		return refused(types.Errorf(types.NotFound, "there are no tests").
			WithHint("the tests of NAME.yaml are beside it, in NAME%s", skilltest.Suffix))
	}
	if err := p.readySandbox(suites); err != nil {
		return err
	}
	report := render.Tests{Sources: sources, Coverage: f.coverage || f.min > 0, Min: f.min, Filtered: f.run != ""}
	for _, s := range suites {
		report.Suites = append(report.Suites, p.runSuite(ctx, s, only))
	}
	if ctx.Err() != nil {
		return &exitError{code: exitInterrupted}
	}
	if f.update {
		if err := p.update(report.Suites, sources); err != nil {
			return refused(err)
		}
	}
	return p.tellTests(report, f)
}

func (p *Program) tellTests(report render.Tests, f testFlags) error {
	if f.junit != "" {
		if err := os.WriteFile(p.path(f.junit), report.JUnit(), 0o644); err != nil {
			return refused(bare(err, f.junit))
		}
	}
	if p.forProgram() {
		p.tell(report.JSON())
	} else {
		report.Text(p.Stdout, p.look())
	}
	if !report.OK() {
		return &exitError{code: exitFailed}
	}
	return nil
}

// runSuite runs the cases of a file whose names match, several at a time.
func (p *Program) runSuite(ctx context.Context, s suite, only *regexp.Regexp) render.TestSuite {
	out := render.TestSuite{Suite: s.Suite}
	for _, c := range s.Cases {
		if only.MatchString(c.Name) {
			out.Results = append(out.Results, skilltest.Result{Case: c})
		}
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range out.Results {
		if ctx.Err() != nil {
			break
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			out.Results[i] = p.runCase(ctx, s, out.Results[i].Case)
		})
	}
	wg.Wait()
	all := skilltest.Covered{}
	for _, r := range out.Results {
		all.Add(r.Covered)
	}
	out.Coverage = s.Coverage(all)
	return out
}

// testFile is a file of tests.
type testFile struct {
	name string
	// trusted: a person named it, or its skill by its file, or it is one of the program's
	// or the user's own. What a folder has is trusted as the working directory is.
	trusted bool
}

type suite struct {
	*skilltest.Suite
	trusted bool // as that of the file
}

// testFiles returns the files of tests that the arguments mean: those files, that of
// a skill, or all in a folder; each once, as a shell's pattern finds skills and tests.
func (p *Program) testFiles(args []string) ([]testFile, error) {
	if len(args) == 0 {
		var out []testFile
		for _, dir := range p.checkedFolders() {
			matches, err := filepath.Glob(filepath.Join(p.path(dir), "*"+skilltest.Suffix))
			if err != nil {
				return nil, err
			}
			for _, m := range matches {
				out = append(out, testFile{name: filepath.Join(dir, filepath.Base(m))})
			}
		}
		return out, nil
	}
	var out []testFile
	seen := map[string]bool{}
	for _, arg := range args {
		files, err := p.testFilesOf(arg)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if !seen[p.path(file.name)] {
				seen[p.path(file.name)] = true
				out = append(out, file)
			}
		}
	}
	return out, nil
}

func (p *Program) testFilesOf(arg string) ([]testFile, error) {
	if info, err := os.Stat(p.path(arg)); err == nil && info.IsDir() {
		files, err := p.below(arg, func(name string) bool { return strings.HasSuffix(name, skilltest.Suffix) })
		if err == nil && len(files) == 0 {
			err = types.Errorf(types.NotFound, "there are no tests in the folder %s", arg).WithHint("the tests of NAME.yaml are beside it, in NAME%s", skilltest.Suffix)
		}
		var out []testFile
		for _, file := range files {
			out = append(out, testFile{name: file})
		}
		return out, err
	}
	if strings.HasSuffix(arg, skilltest.Suffix) {
		return []testFile{{arg, true}}, nil
	}
	s, err := p.find(arg)
	if err != nil {
		return nil, err
	}
	file := testsOf(s.File)
	_, err = os.Stat(p.path(file))
	if name, ok := strings.CutPrefix(file, builtinDir); ok {
		_, err = fs.Stat(p.Builtin, name)
	}
	if err != nil {
		return nil, types.Errorf(types.NotFound, "%s has no tests", s.Name).WithHint("write them into %s", file)
	}
	return []testFile{{file, !s.Untrusted}}, nil
}

// testsOf is the file with the tests of a skill.
func testsOf(file string) string {
	return strings.TrimSuffix(file, filepath.Ext(file)) + skilltest.Suffix
}

// suites reads files of tests, and the skills that they are about.
func (p *Program) suites(files []testFile, cat *step.Catalogue) ([]suite, diag.List, render.Sources) {
	var suites []suite
	var diags diag.List
	sources := render.Sources{}
	e, called := p.newChecker(cat)
	for _, f := range files {
		file := f.name
		text, src, err := p.readTests(file)
		if err != nil {
			x := types.AsError(err)
			diags.Errorf("unreadable", diag.Range{File: file}, "%s", x.Message).Hint = x.Hint
			continue
		}
		sources[file] = text
		s, list := p.suite(e, src, file, text, cat)
		for name, text := range called.with(src) {
			sources[name] = text
		}
		if diags = append(diags, list...); !list.HasErrors() {
			suites = append(suites, suite{s, f.trusted || p.trustsHere()})
		}
	}
	return suites, diags, sources
}

// readTests reads a file of tests, and the skill that it is about.
func (p *Program) readTests(file string) (text []byte, src source, err error) {
	subject, _ := skilltest.Subject(file)
	if name, ok := strings.CutPrefix(file, builtinDir); ok {
		if text, err = fs.ReadFile(p.Builtin, name); err == nil {
			src, err = p.builtinFile(strings.TrimPrefix(subject, builtinDir))
		}
		return text, src, err
	}
	if text, err = p.readText(p.path(file)); err != nil {
		return nil, source{}, bare(err, file)
	}
	src, err = p.readSkill(p.path(subject), subject)
	return text, src, err
}

func (p *Program) suite(e *engine.Engine, src source, file string, text []byte, cat *step.Catalogue) (*skilltest.Suite, diag.List) {
	skill, diags := e.Check(src.File, src.Text)
	if diags.HasErrors() {
		return nil, diags
	}
	s, more := skilltest.Read(file, text, skill, cat)
	return s, more // the skill's own warnings are told by check
}

// update writes what the cases came to into their files.
func (p *Program) update(suites []render.TestSuite, sources render.Sources) error {
	var failed error
	for i := range suites {
		s := &suites[i]
		var failures []skilltest.Failure
		for _, r := range s.Results {
			failures = append(failures, r.Failures...)
		}
		text, n := skilltest.Updated(sources[s.Suite.File], failures)
		if n == 0 {
			continue
		}
		if s.Updated = n; string(sources[s.Suite.File]) != string(text) {
			failed = errors.Join(failed, p.overwrite(s.Suite.File, text))
		}
		for j := range s.Results {
			s.Results[j].Failures = skilltest.NotUpdated(s.Results[j].Failures)
		}
	}
	return failed
}

// overwrite replaces the text of a file, which keeps its mode.
func (p *Program) overwrite(file string, text []byte) error {
	info, err := os.Stat(p.path(file))
	if err == nil {
		if err = replace(p.path(file), text); err == nil {
			err = os.Chmod(p.path(file), info.Mode().Perm())
		}
	}
	if err != nil {
		return fmt.Errorf("the tests cannot be updated: %w", bare(err, file))
	}
	return nil
}
