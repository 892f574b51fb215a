package steps

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// judge checks a plan against runs.
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

func (j *judge) skill(s *site) *engine.Bound {
	skill, diags := s.engine.Check("drawn.yaml", []byte(j.text))
	if diags.HasErrors() { // a warning tells of the writes that fail
		j.wrong("does not check: %v", diags)
	}
	root := filepath.Join(filepath.Dir(s.state), "files")
	b, diags := skill.Bind(engine.Binding{Inputs: types.Values{"root": root, "repo": s.repo}, Now: time.Now(), Zone: time.UTC})
	if diags.HasErrors() {
		j.wrong("does not bind: %v", diags)
	}
	return b
}

func (j *judge) planned(s *site) plan.Plan {
	p, err := s.engine.Plan(j.Context(), j.skill(s), engine.Options{})
	if err != nil {
		j.wrong("the plan: %v", err)
	}
	return p
}

func (j *judge) started(s *site, o engine.Options) engine.Report {
	r, _, err := s.engine.Start(j.Context(), j.skill(s), o)
	for asked := 0; err == nil && r.State == engine.Parked && o.Consent == engine.Given; asked++ {
		r, err = j.answer(s, r, o, asked)
	}
	if err != nil {
		j.wrong("the run: %v", err)
	}
	return r
}

// agreed runs the skill; at each question a person agrees to what is shown.
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
	q, err := s.engine.PendingQuestion(j.Context(), r.ID, engine.Options{})
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

// check checks the plan against a run.
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

var port = regexp.MustCompile(`127\.0\.0\.1:[0-9]+`)

// without leaves out the headers of an answer, in which there is a date, what a
// program complains of, in which there is the world's folder, and the ports of its
// services.
func without(out types.Values) string {
	kept := types.Values{}
	for name, v := range out {
		if name != "headers" && name != "stderr" {
			kept[name] = v
		}
	}
	return port.ReplaceAllString(string(types.Encode(kept)), "here")
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
			j.counted(w.Service)
		}
	}
	for path, rec := range did {
		if _, announced := said[path]; rec.Effect == string(step.Writes) && !announced && j.plan.Failure == nil {
			j.wrong("write %s was not announced", path)
		}
	}
}

func (j *judge) counted(service string) {
	switch service {
	case "jira":
		j.tickets++
	case "gitlab":
		j.requests++
	case "git":
		j.pushes++
	}
}

var hole = regexp.MustCompile(`\\\(known after [a-z0-9_]+\\\)`)

// fields checks what was shown of a write against what it was given.
func (j *judge) fields(w plan.Write, rec journal.Record) {
	in, err := types.Decode(rec.Input)
	given, _ := in.(map[string]any)
	for _, f := range w.Fields {
		v, there := given[f.Name]
		fits := regexp.MustCompile(`(?s)^` + hole.ReplaceAllString(regexp.QuoteMeta(f.Value), `.*`) + `$`)
		if err == nil && there && f.Name != "args" && !fits.MatchString(types.Show(v)) && !fits.MatchString(listed(v)) {
			j.wrong("write %s was shown with %s %q, and had %v", w.Path, f.Name, f.Value, v)
		}
	}
}

// listed is a list as some steps show it.
func listed(v any) string {
	list, _ := v.([]any)
	words := make([]string, len(list))
	for i, e := range list {
		words[i] = types.Show(e)
	}
	return strings.Join(words, ", ")
}

// replay does the reads that were left to the run in a world in which nothing
// was written: those that say the same need not have been left. Of steps side by
// side it depends on which comes first, so this figure moves by one or two.
func (j *judge) replay(one, world *site) {
	for _, rec := range j.later {
		s, _ := world.steps.Lookup(rec.Step)
		in := strings.ReplaceAll(string(rec.Input), filepath.Dir(one.state), filepath.Dir(world.state))
		in = strings.ReplaceAll(in, one.repo, world.repo)
		raw, err := s.Do(j.Context(), []byte(in))
		v, bad := types.Decode(raw)
		out, _ := v.(map[string]any)
		if err == nil && bad == nil && cmp.Equal(without(out), without(rec.Event.Output)) {
			j.needless++
		}
	}
}
