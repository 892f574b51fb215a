package engine

import (
	"cmp"
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/dry"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// decide answers a run's questions: by the site's policy, by what the caller
// said, by what a person approved, by the plan that is applied, and else by
// asking the person who is there.
func (e *Engine) decide(o Options, run Run, p *program.Program, start machine.Start, h *journal.RunHeader) func(context.Context, runtime.Question) (runtime.Decision, error) {
	return func(ctx context.Context, q runtime.Question) (runtime.Decision, error) {
		if q.Path == "" && o.bound == "" {
			switch o.Consent {
			case NotNeeded:
				return runtime.Decision{Yes: true}, nil
			case Given:
				return runtime.Decision{Yes: true, By: e.User, Note: "--yes"}, nil
			}
		}
		f, err := e.forecast(ctx, dry.Options{Program: p, Start: start, Work: h.Work, Run: h.ID, Snapshot: q.Snapshot, Before: q.Before, Secrets: q.Secrets})
		if err != nil || ctx.Err() != nil {
			return runtime.Decision{}, err
		}
		d := runtime.Decision{Plan: f.Digest}
		switch by, ok := q.Approved(f.Digest); {
		case q.Path == "" && o.expect != nil:
			d.By, d.Note = e.User, applied
			d = held(d, planDrift(o.expect, q.Reads, f), o.expect.Run.ID == run.ID)
		case ok:
			d.Yes, d.By = true, by
		case f.Failure != nil && q.Path == "":
			d.Stop = toFailure(f.Failure)
		case len(f.Writes) == 0 && q.Path == "":
			d.Yes, d.Nothing = true, true
		case q.Path == "" && o.bound != "":
			d.Refuse = notAsPlanned("")
		case o.Confirm != nil:
			var said Answer
			said, err = o.Confirm(ctx, run, Question{Node: q.Path, Message: q.Message, Show: q.Show, Forecast: f})
			d.Yes, d.No, d.By = said == Yes, said == No, e.User
			if o.AnsweredBy != nil {
				d.By = cmp.Or(o.AnsweredBy(q.Path), e.User)
			}
		}
		return d, err
	}
}

// toFailure is a failure of a plan as one of the run.
func toFailure(f *plan.Failure) *machine.Failure {
	at := diag.Range{
		File:  f.Place.File,
		Start: diag.Pos{Line: f.Place.Line, Col: f.Place.Col}, End: diag.Pos{Line: f.Place.EndLine, Col: f.Place.EndCol},
	}
	return &machine.Failure{Path: f.Path, Node: f.Node, At: at, Error: f.Error}
}

// held is the decision of a run that is held to a plan, which stands in the
// journal already. A run of the plan's own ends when the world has moved; one
// that was there before the plan was applied only waits.
func held(d runtime.Decision, moved *types.Error, own bool) runtime.Decision {
	switch {
	case moved == nil:
		d.Yes = true
	case own:
		d.Refuse = moved
	default:
		d.Why = moved
	}
	return d
}

// waits tells which reads of a run wait for consent; see [runtime.Options.Withhold].
func (e *Engine) waits(p *program.Program, h *journal.RunHeader, workspaces string) func(context.Context, machine.Action) bool {
	sight := dry.VisibilityOf(p, e.Catalogue, e.Hosts)
	return func(ctx context.Context, a machine.Action) bool {
		_, beside := sight.Beside(step.WithCall(ctx, step.Call{Run: h.ID, Path: a.Path, Workspaces: workspaces}), a)
		return beside
	}
}

// planDrift says what is not any more as the plan saw it.
func planDrift(p *plan.Plan, reads []plan.Read, f plan.Forecast) *types.Error {
	f.Reads = slices.Concat(reads, f.Reads)
	differences := plan.Diff(p.Forecast, f)
	if len(differences) == 0 {
		return nil
	}
	var lines strings.Builder
	for _, d := range differences {
		lines.WriteString("\n  " + d.String())
	}
	return notAsPlanned(":" + lines.String())
}

func notAsPlanned(how string) *types.Error {
	return types.Errorf(types.Conflict, "what the plan read has changed, so nothing is written%s", how).
		WithHint("check it, and plan again")
}

// appliedPlan is the digest of the plan that a run was begun with, "" when it
// was not begun with one: whatever resumes the run is held to it too. One
// that a plan was applied to later is not; nor is one that came from elsewhere,
// where a person is asked instead.
func appliedPlan(records []journal.Record) string {
	if slices.ContainsFunc(records, func(r journal.Record) bool { return r.Kind == journal.Imported }) {
		return ""
	}
	if len(records) > 1 && records[1].Kind == journal.Approved && records[1].Reason == applied {
		return records[1].Plan
	}
	return ""
}

// applied is the Reason of an approval that was given by applying a plan.
const applied = "apply"

func (e *Engine) forecast(ctx context.Context, o dry.Options) (plan.Forecast, error) {
	dir, err := os.MkdirTemp("", "skillrun-plan-")
	if err != nil {
		return plan.Forecast{}, types.Errorf(types.Unavailable, "no folder for the plan: %w", err).
			WithHint("free space in the folder for temporary files, or set TMPDIR to another one")
	}
	defer os.RemoveAll(dir)
	o.Catalogue, o.Workspaces, o.Sleep, o.Hosts = e.Catalogue, dir, e.Clock.Sleep, e.Hosts
	return dry.Forecast(ctx, o)
}

// exclusion is the lock of a concurrency group: the kernel's, and one that machines share.
type exclusion struct {
	*Engine
	group  *program.Concurrency
	holder step.Holder
	kernel *journal.GroupLock
	shared step.Lock
	held   bool // of shared
}

func (e *Engine) exclusion(p *program.Program, h *journal.RunHeader) *exclusion {
	return &exclusion{Engine: e, group: p.Concurrency, holder: step.Holder{Work: h.Work, Run: h.ID, User: e.User}}
}

// take takes the locks, or says who has one of them.
func (x *exclusion) take(ctx context.Context) (*types.Error, error) {
	if x.group == nil {
		return nil, nil
	}
	if x.kernel == nil {
		l, err := x.store.LockGroup(x.group.Group, x.holder.Run)
		if err != nil {
			return lockHeld(err)
		}
		x.kernel = l
	}
	if x.group.Repo == "" {
		return nil, nil
	}
	if x.Locks == nil {
		return nil, types.Errorf(types.Internal, "this skillrun cannot take a lock in %s", x.group.Repo).
			WithHint("leave the lock of the skill's concurrency out")
	}
	return x.share(ctx)
}

// share takes the lock that machines share.
func (x *exclusion) share(ctx context.Context) (*types.Error, error) {
	var err error
	if x.holder.Machine, err = x.store.Machine(); err != nil {
		return nil, err
	}
	x.holder.Since = x.Clock.Now().UTC()
	if x.shared, err = x.Locks(x.group.Service, x.group.Repo); err != nil {
		return nil, err
	}
	other, err := x.shared.Take(ctx, x.group.Group, x.holder)
	switch {
	case err != nil:
		return nil, err
	case other == nil:
		x.held = true
		return nil, nil
	}
	return types.Errorf(types.Conflict, "another machine writes in the group %s: run %s of %s, since %s",
		x.group.Group, other.Run, cmp.Or(other.User, "an unknown user"), other.Since.UTC().Format("2006-01-02 15:04:05Z")).
		WithHint("wait until it is done; when that machine is gone for good, delete its lock there, the branch skillrun/lock-%s", x.group.Group), nil
}

// lockHeld tells a lock that others have from one that cannot be had.
func lockHeld(err error) (*types.Error, error) {
	if t := types.AsError(err); t.Code == types.Conflict {
		return t, nil
	}
	return nil, err
}

// releaseTime is how long letting go of a shared lock may take.
const releaseTime = 4 * time.Second

func (x *exclusion) release() {
	if x.held {
		ctx, cancel := context.WithTimeout(context.Background(), releaseTime)
		defer cancel()
		_ = x.shared.Release(ctx, x.group.Group, x.holder) // the same work takes it again
	}
	if x.kernel != nil {
		_ = x.kernel.Close() // the kernel takes it back in any case
	}
}
