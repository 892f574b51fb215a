package steps

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/execute"
	"github.com/skillrun/skillrun/steps/files"
	"github.com/skillrun/skillrun/steps/httpapi"
	"github.com/skillrun/skillrun/steps/state"
)

// TestPlansAgree: skills drawn from a seed, of writes and of reads behind them,
// are planned, agreed to by the digest and run, and run with consent in a world
// of their own. What a plan showed as certain happened so, leaf by leaf; all
// that came otherwise was marked.
func TestPlansAgree(t *testing.T) {
	t.Parallel()
	skills := uint64(60)
	if os.Getenv("SKILLRUN_SWEEP") == "full" {
		skills = 500
	}
	var all figures
	t.Run("skills", func(t *testing.T) {
		for seed := range skills {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				f := agree(t, seed)
				all.mu.Lock()
				defer all.mu.Unlock()
				all.add(f)
			})
		}
	})
	t.Logf("%d skills: %d reads shown, %d marked as known later, of these %d would have said the same; %d writes shown, %d undecided, %d failing; %d outputs shown, %d marked; %d runs failed, %d of them as planned",
		skills, all.shown, all.later, all.needless, all.writes, all.undecided, all.failing, all.outputs, all.missing, all.failed, all.foretold)
	if all.shown == 0 || all.later == 0 || all.needless == all.later || all.undecided == 0 || all.failing == 0 || all.failed == 0 {
		t.Error("the skills do not try what they are for")
	}
}

// figures count what was compared.
type figures struct {
	mu                                                                                     sync.Mutex
	shown, later, needless, writes, undecided, failing, outputs, missing, failed, foretold int
}

func (f *figures) add(g *figures) {
	f.shown, f.later, f.needless = f.shown+g.shown, f.later+g.later, f.needless+g.needless
	f.writes, f.undecided, f.failing = f.writes+g.writes, f.undecided+g.undecided, f.failing+g.failing
	f.outputs, f.missing = f.outputs+g.outputs, f.missing+g.missing
	f.failed, f.foretold = f.failed+g.failed, f.foretold+g.foretold
}

// site is a small world: a folder, remembered values, and two HTTP services, one
// of which has a second name.
type site struct {
	engine *engine.Engine
	steps  *step.Catalogue
	state  string
}

type shelf struct {
	mu   sync.Mutex
	text map[string]string
}

// ServeHTTP keeps what is put, and gives it.
func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodPut {
		body, _ := io.ReadAll(r.Body)
		s.text[r.URL.Path] = string(body)
	}
	io.WriteString(w, s.text[r.URL.Path])
}

func newSite(t *testing.T, called string) *site {
	t.Helper()
	dir := t.TempDir()
	root := filepath.Join(dir, "files")
	for name, text := range map[string]string{"p": "old p", "q": "old q"} {
		if err := os.MkdirAll(root, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	hosts := map[string]string{}
	services := map[string]httpapi.Service{}
	for _, name := range []string{"a", "b"} {
		srv := httptest.NewServer(&shelf{text: map[string]string{"/k": "old " + name}})
		t.Cleanup(srv.Close)
		services[name], hosts[name] = httpapi.Service{URL: srv.URL}, strings.TrimPrefix(srv.URL, "http://")
	}
	services["again"], hosts["again"] = services["a"], hosts["a"]
	s := &site{state: filepath.Join(dir, "state")}
	s.steps = step.NewCatalogue(httpapi.Steps(services), files.Steps(map[string]files.Service{"files": {Root: root}}, nil),
		execute.Steps(execute.Options{Env: os.LookupEnv}), state.Steps(filepath.Join(dir, "values")))
	s.engine = engine.New(engine.Setup{
		Catalogue: s.steps, State: s.state, Clock: wall{}, Random: rand.Reader, User: "ada", Version: "test",
		Hosts:  func(service string) string { return hosts[service] },
		Skills: func(string, string) (string, []byte, error) { return "called.yaml", []byte(called), nil },
	})
	return s
}

// wall is the machine's clock. A program that another skill starts at the wrong
// moment holds the lock of a run for that moment; whoever wants it waits.
type wall struct{}

func (wall) Now() time.Time { return time.Now() }

func (wall) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(min(d, 10*time.Millisecond)):
		return nil
	}
}

// draw writes skills.
type draw struct {
	r    *mrand.Rand
	n    int
	seen []string // expressions of what is known here: texts
}

func (d *draw) one(of ...string) string { return of[d.r.IntN(len(of))] }

// value is a literal, or what an earlier step saw.
func (d *draw) value() string {
	if len(d.seen) > 0 && d.r.IntN(2) == 0 {
		return "<${{ " + d.seen[d.r.IntN(len(d.seen))] + " }}>"
	}
	return d.one("old p", "v1", "v2")
}

// step draws a step, and what of its result others read.
func (d *draw) step(pad string) (text, result string) {
	d.n++
	id := fmt.Sprint("n", d.n)
	use := func(name, with string) string {
		return fmt.Sprintf("%s- id: %s\n%s  uses: %s\n%s  with: {%s}\n", pad, id, pad, name, pad, with)
	}
	name, path, service := d.one("x", "y"), d.one("p", "q", "r"), d.one("a", "b", "again")
	file := fmt.Sprintf("program: %%s, args: [\"${{ inputs.root }}/%s\"]", path)
	switch d.r.IntN(11) {
	case 0:
		return use("state_set", fmt.Sprintf("name: %s, value: %q", name, d.value())), "json(steps." + id + ".value)"
	case 1:
		return use("state_increment", "name: z"), "string(steps." + id + ".value)"
	case 2:
		return use("file_write", fmt.Sprintf("path: %s, text: %q", path, d.value())), "steps." + id + ".digest"
	case 3:
		return use("exec", fmt.Sprintf(file, "tee")+fmt.Sprintf(", stdin: %q", d.value())), "steps." + id + ".stdout"
	case 4:
		return use("http_request", fmt.Sprintf("service: %s, method: PUT, path: /k, body: %q", service, d.value())), "steps." + id + ".body"
	case 5:
		return use("file_read", "service: files, path: "+d.one("p", "q")), "steps." + id + ".text"
	case 6:
		return use("file_exists", "service: files, path: "+path), "string(steps." + id + ".exists)"
	case 7:
		return use("exec_read", fmt.Sprintf(file, "cat")+", expect: [0, 1]"), "steps." + id + ".stdout"
	case 8:
		return use("http_get", fmt.Sprintf("service: %s, path: /k", service)), "steps." + id + ".body"
	case 9:
		return use("state_get", "name: z, default: 0"), "json(steps." + id + ".value ?? 0)"
	}
	return use("state_get", fmt.Sprintf("name: %s, default: none", name)), "json(steps." + id + ".value ?? 0)"
}

// sequence draws steps with what may stand around them.
func (d *draw) sequence(pad string, most int) string {
	var out strings.Builder
	for range 1 + d.r.IntN(most) {
		text, result := d.step(pad)
		switch kind := d.r.IntN(12); {
		case kind == 0 && len(d.seen) > 0:
			text += fmt.Sprintf("%s  if: len(%s) %s 5\n", pad, d.seen[d.r.IntN(len(d.seen))], d.one(">", "<"))
		case kind == 1:
			d.n++
			text = fmt.Sprintf("%s- id: g%d\n%s  parallel: true\n%s  steps:\n%s", pad, d.n, pad, pad, indent(text))
			other, second := d.step(pad + "    ")
			for strings.Contains(text, "file_write") && strings.Contains(other, "file_write") { // one file has one writer at a time
				other, second = d.step(pad + "    ")
			}
			text += other
			d.seen = append(d.seen, result, second)
		case kind == 2:
			d.n++
			id := d.n
			inner, _ := d.step(pad + "    ")
			most := d.one("1", "2")
			if strings.Contains(text+inner, "file_write") {
				most = "1"
			}
			text, result = fmt.Sprintf("%s- id: g%d\n%s  for_each: '[\"1\", \"2\"]'\n%s  max_parallel: %s\n%s  steps:\n%s%s",
				pad, id, pad, pad, most, pad, indent(text), inner), ""
		case kind == 3 && len(d.seen) > 0:
			d.n++
			out.WriteString(fmt.Sprintf("%s- {id: n%d, assert: 'len(%s) %s', message: it is another}\n", pad, d.n, d.seen[d.r.IntN(len(d.seen))], d.one("< 5", "> 1", "> 1", "> 1")))
		case kind == 4:
			d.n++
			out.WriteString(fmt.Sprintf("%s- {id: n%d, uses: file_write, with: {path: ../x, text: x}, on_error: continue}\n", pad, d.n))
		case kind == 5 && pad == "  ":
			d.n++
			out.WriteString(fmt.Sprintf("%s- {id: n%d, approve: 'go on?'}\n", pad, d.n))
		case kind == 6 && pad == "  ":
			d.n++
			out.WriteString(fmt.Sprintf("%s- {id: n%d, uses: 'skill:called', with: {root: '${{ inputs.root }}'}}\n", pad, d.n))
		default:
			d.seen = append(d.seen, result)
		}
		out.WriteString(text)
	}
	return out.String()
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ") + "\n"
}

const inputs = "inputs: {root: {type: string, required: true}}\n"

func agree(t *testing.T, seed uint64) *figures {
	called := draw{r: mrand.New(mrand.NewPCG(seed, 1))}
	inside := "name: called\n" + inputs + "steps:\n" + called.sequence("    ", 3)
	d := draw{r: mrand.New(mrand.NewPCG(seed, 2))}
	text := "name: drawn\n" + inputs + "steps:\n" + d.sequence("  ", 8) + "outputs:\n  n: done\n"
	for i, e := range d.seen {
		text += fmt.Sprintf("  o%d: ${{ %s }}\n", i, e)
	}
	j := &judge{T: t, text: text, inside: inside}
	one, other := newSite(t, inside), newSite(t, inside)
	j.plan = j.planned(one)
	j.hold(one, j.agreed(one))
	j.replay(one, other)
	again := &judge{T: t, text: text, inside: inside, plan: j.plan} // whose figures would be the same
	again.hold(other, again.started(other, engine.Options{Consent: engine.Given}))
	return &j.figures
}

// judge holds a plan against runs.
type judge struct {
	*testing.T
	figures
	text, inside string
	plan         plan.Plan
	later        map[string]journal.Record // reads that the plan left to the run
}

func (j *judge) wrong(format string, args ...any) {
	j.Helper()
	j.Fatalf("%s\n%s\n%s", fmt.Sprintf(format, args...), j.text, j.inside)
}

func (j *judge) skill(s *site) (*engine.Skill, engine.Binding) {
	skill, diags := s.engine.Check("drawn.yaml", []byte(j.text))
	if diags.HasErrors() { // a warning tells of the writes that fail
		j.wrong("does not check: %v", diags)
	}
	root := filepath.Join(filepath.Dir(s.state), "files")
	return skill, engine.Binding{Inputs: types.Values{"root": root}, Now: time.Now(), Zone: time.UTC}
}

func (j *judge) planned(s *site) plan.Plan {
	skill, b := j.skill(s)
	p, _, err := s.engine.Plan(j.Context(), skill, b, engine.Options{})
	if err != nil {
		j.wrong("the plan: %v", err)
	}
	return p
}

func (j *judge) started(s *site, o engine.Options) engine.Report {
	skill, b := j.skill(s)
	r, _, err := s.engine.Start(j.Context(), skill, b, o)
	for asked := 0; err == nil && r.State == engine.Parked && o.Consent == engine.Given; asked++ {
		r, err = j.answer(s, r, o, asked)
	}
	if err != nil {
		j.wrong("the run: %v", err)
	}
	return r
}

// agreed runs the skill; at each question somebody agrees to what is shown.
func (j *judge) agreed(s *site) engine.Report {
	r, err := j.started(s, engine.Options{}), error(nil)
	for asked := 0; r.State == engine.Parked; asked++ {
		if r, err = j.answer(s, r, engine.Options{}, asked); err != nil {
			j.wrong("question %d: %v", asked, err)
		}
	}
	return r
}

func (j *judge) answer(s *site, r engine.Report, o engine.Options, asked int) (engine.Report, error) {
	q, err := s.engine.Asking(j.Context(), r.ID, engine.Options{})
	switch {
	case err != nil || asked > 9:
		j.wrong("question %d of %s: %v", asked, r.Reason, err)
	case asked == 0 && q.Node == "" && q.Forecast.Digest != j.plan.Digest:
		j.wrong("asked something else than planned:\n%s", cmp.Diff(j.plan.Forecast, q.Forecast))
	}
	if err := s.engine.Approve(q); err != nil {
		return r, err
	}
	return s.engine.Resume(j.Context(), r.ID, o)
}

// hold holds the plan against a run.
func (j *judge) hold(s *site, r engine.Report) {
	records, _, err := journal.NewStore(s.state, journal.Options{}).Read(r.ID)
	if err != nil {
		j.Fatal(err)
	}
	did := map[string]journal.Record{}
	for _, rec := range records {
		if rec.Kind == journal.Event && rec.Step != "" && rec.Event.Kind != "" {
			did[rec.Path] = rec
		}
	}
	if r.State == engine.Failed {
		j.failed++
	}
	if f := j.plan.Failure; f != nil {
		if r.State != engine.Failed || r.Failure.Path != f.Path || r.Failure.Error.Code != f.Error.Code {
			j.wrong("planned to fail at %s with %v, and came to %s %+v", f.Path, f.Error, r.State, r.Failure)
		}
		j.foretold++
	}
	if f := r.Failure; f != nil && j.plan.Failure == nil && !j.doubted(f.Path) {
		j.wrong("failed at %s, which the plan did not leave open: %v", f.Path, f.Error)
	}
	j.reads(r, did)
	j.writesOf(r, did)
	for name, v := range j.plan.Outputs {
		if j.outputs++; r.State == engine.Done && !cmp.Equal(v, r.Outputs[name]) {
			j.wrong("output %s was shown as %v, and is %v", name, v, r.Outputs[name])
		}
	}
	for name := range r.Outputs {
		if _, shown := j.plan.Outputs[name]; !shown && !slices.Contains(j.plan.Missing, name) {
			j.wrong("output %s was not marked", name)
		}
	}
	j.missing += len(j.plan.Missing)
}

// doubted reports whether the plan says of a place that it is known later.
func (j *judge) doubted(path string) bool {
	return slices.ContainsFunc(j.plan.Questions, func(q plan.Question) bool { return q.Path == path }) ||
		slices.ContainsFunc(j.plan.Reads, func(x plan.Read) bool { return x.Path == path && x.After != "" })
}

func (j *judge) reads(r engine.Report, did map[string]journal.Record) {
	j.later = map[string]journal.Record{}
	for _, read := range j.plan.Reads {
		rec, done := did[read.Path]
		switch {
		case read.After != "":
			if j.figures.later++; done && rec.Event.Kind == machine.Done {
				j.later[read.Path] = rec
			}
		case !done && r.State == engine.Done:
			j.wrong("read %s was shown, and not done", read.Path)
		case done && !cmp.Equal(without(read.Output), without(rec.Event.Output)):
			j.wrong("read %s was shown as %v, and is %v", read.Path, read.Output, rec.Event.Output)
		}
		if read.After == "" {
			j.shown++
		}
	}
}

// without leaves out the headers of an answer, in which there is a date, and what
// a program complains of, in which there is the world's folder.
func without(out types.Values) types.Values {
	kept := types.Values{}
	for name, v := range out {
		if name != "headers" && name != "stderr" {
			kept[name] = v
		}
	}
	return kept
}

func (j *judge) writesOf(r engine.Report, did map[string]journal.Record) {
	said := map[string]plan.Write{}
	for _, w := range j.plan.Writes {
		said[w.Path] = w
		rec, done := did[w.Path]
		switch {
		case w.Undecided:
			j.undecided++
			continue
		case w.Outcome == plan.Fail:
			if j.failing++; done && rec.Event.Kind != machine.Failed {
				j.wrong("write %s was to fail", w.Path)
			}
			continue
		case !done && r.State == engine.Done:
			j.wrong("write %s was shown, and did not happen", w.Path)
		}
		if j.figures.writes++; done {
			j.fields(w, rec)
		}
	}
	for path, rec := range did {
		if _, announced := said[path]; rec.Effect == string(step.Writes) && !announced && j.plan.Failure == nil {
			j.wrong("write %s was not announced", path)
		}
	}
}

var hole = regexp.MustCompile(`\\\(known after [a-z0-9_]+\\\)`)

// fields holds what was shown of a write against what it was given.
func (j *judge) fields(w plan.Write, rec journal.Record) {
	in, err := types.Decode(rec.Input)
	given, _ := in.(map[string]any)
	for _, f := range w.Fields {
		v, there := given[f.Name]
		fits := regexp.MustCompile(`(?s)^` + hole.ReplaceAllString(regexp.QuoteMeta(f.Value), `.*`) + `$`)
		if err == nil && there && f.Name != "args" && !fits.MatchString(types.Show(v)) {
			j.wrong("write %s was shown with %s %q, and had %v", w.Path, f.Name, f.Value, v)
		}
	}
}

// replay does the reads that were left to the run in a world in which nothing
// was written: those that say the same need not have been left. Of steps side by
// side it depends on which comes first, so this figure moves by one or two.
func (j *judge) replay(one, world *site) {
	for _, rec := range j.later {
		s, _ := world.steps.Lookup(rec.Step)
		in := strings.ReplaceAll(string(rec.Input), filepath.Dir(one.state), filepath.Dir(world.state))
		raw, err := s.Do(j.Context(), []byte(in))
		v, bad := types.Decode(raw)
		out, _ := v.(map[string]any)
		if err == nil && bad == nil && cmp.Equal(without(out), without(rec.Event.Output)) {
			j.needless++
		}
	}
}
