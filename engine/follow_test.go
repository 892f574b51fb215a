package engine_test

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// office is a state folder, with a world that stops in the middle of its first
// write until it is let go.
type office struct {
	t       *testing.T
	state   string
	world   sync.Map
	begun   chan struct{} // closed when the first write is under way
	goOn    chan struct{}
	once    sync.Once
	failing bool
}

func newOffice(t *testing.T) *office {
	return &office{t: t, state: filepath.Join(t.TempDir(), "state", "site"), begun: make(chan struct{}), goOn: make(chan struct{})}
}

// soon waits for real, in small pieces.
type soon struct{ stopped }

// Sleep waits a moment whatever is asked for.
func (soon) Sleep(ctx context.Context, _ time.Duration) error {
	select {
	case <-time.After(time.Millisecond):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *office) engine(lock step.Lock) *engine.Engine {
	create := func(ctx context.Context, i in) (out, error) {
		o.once.Do(func() {
			close(o.begun)
			select {
			case <-o.goOn:
			case <-ctx.Done():
			}
		})
		if o.failing {
			return out{}, types.Errorf(types.Forbidden, "no")
		}
		_, there := o.world.LoadOrStore(step.CallOf(ctx).Key.String(), i.Title)
		if there {
			o.t.Errorf("%s was made twice", i.Title)
		}
		return out{Key: "T-1"}, ctx.Err()
	}
	find := func(_ context.Context, key step.Key, _ in) (step.Found[out], error) {
		if _, there := o.world.Load(key.String()); there {
			return step.Exists("T-1", out{Key: "T-1"}), nil
		}
		return step.Absent[out](), nil
	}
	look := func(context.Context, in) (out, error) { return out{Key: "found"}, nil }
	return engine.New(engine.Setup{
		Catalogue: step.NewCatalogue([]step.Step{step.Read("look", "Look.", look), step.Write("create", "Create.", create, step.Find(find))}),
		State:     o.state, Clock: soon{}, Random: rand.Reader, Version: "test", User: "ada",
		Locks: func(service, repo string) (step.Lock, error) { return lock, nil },
	})
}

// start runs the release in the background.
func (o *office) start(ctx context.Context, e *engine.Engine, text string, opts engine.Options) <-chan engine.Report {
	o.t.Helper()
	skill, diags := e.Check("release.yaml", []byte(text))
	if diags.HasErrors() {
		o.t.Fatal(diags.Err())
	}
	done := make(chan engine.Report, 1)
	opts.Consent = engine.NotNeeded
	b := bound(o.t, skill, binding(1))
	go func() {
		r, diags, err := e.Start(ctx, b, opts)
		if err != nil || diags.HasErrors() {
			o.t.Error(err, diags)
		}
		done <- r
	}()
	return done
}

// TestFollow: a second process of the same work follows the first, sees what it
// does, and ends as it ends; nothing is made twice.
func TestFollow(t *testing.T) {
	t.Parallel()
	for _, failing := range []bool{false, true} {
		o := newOffice(t)
		o.failing = failing
		first := o.start(t.Context(), o.engine(nil), release, engine.Options{})
		<-o.begun
		var mu sync.Mutex
		var seen []string
		following := make(chan engine.Run, 1)
		second := o.start(t.Context(), o.engine(nil), release, engine.Options{
			OnStart: func(r engine.Run) { following <- r },
			Observe: func(e engine.Event) {
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, string(e.Type)+" "+e.ID)
			},
		})
		if r := <-following; !r.Followed {
			t.Error("the second process does not follow")
		}
		close(o.goOn)
		a, b := <-first, <-second
		if a.ID != b.ID || a.State != b.State || len(a.Steps) != len(b.Steps) || len(a.Effects) != len(b.Effects) {
			t.Errorf("the first: %+v\nthe second: %+v", a, b)
		}
		if failing != (b.Failure != nil) {
			t.Errorf("failure %+v", b.Failure)
		}
		if got := strings.Join(seen, ", "); !strings.Contains(got, "step_started first") || !failing && !strings.Contains(got, "step_done second") {
			t.Errorf("seen: %s", got)
		}
	}
}

// TestFollowAKilledOne: when the first process dies, the second takes the run
// up.
func TestFollowAKilledOne(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ctx, kill := context.WithCancel(t.Context())
	first := o.start(ctx, o.engine(nil), release, engine.Options{})
	<-o.begun
	following := make(chan engine.Run, 2)
	second := o.start(t.Context(), o.engine(nil), release, engine.Options{OnStart: func(r engine.Run) { following <- r }})
	<-following
	kill()
	if a, b := <-first, <-second; a.State != engine.Interrupted || b.State != engine.Done || a.ID != b.ID {
		t.Errorf("the first %s, the second %s", a.State, b.State)
	}
}

// TestCancelALiveRun: what is asked of a run that a process is at goes through
// its inbox.
func TestCancelALiveRun(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	e := o.engine(nil)
	first := o.start(t.Context(), e, release, engine.Options{})
	<-o.begun
	runs, err := e.Runs()
	if err != nil || len(runs) != 1 {
		t.Fatal(runs, err)
	}
	if err := e.Cancel(t.Context(), runs[0].ID, "stop it", engine.Options{}); err != nil {
		t.Fatal(err)
	}
	close(o.goOn)
	r := <-first
	if r.State != engine.Cancelled || r.Reason != "stop it" || r.By != "ada" {
		t.Errorf("%+v", r.Outcome)
	}
	if _, err := e.Resume(t.Context(), r.ID, engine.Options{}); types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), "was cancelled by ada") {
		t.Errorf("resumed: %v", err)
	}
}

// shared is a lock that machines share, in memory.
type shared struct {
	mu     sync.Mutex
	holder *step.Holder
	taken  int
	at     string
}

// Take takes it.
func (s *shared) Take(_ context.Context, _ string, h step.Holder) (*step.Holder, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holder != nil && (s.holder.Work != h.Work || s.holder.Machine != h.Machine) {
		return s.holder, nil
	}
	s.holder = &h
	s.taken++
	return nil, nil
}

// Release releases it.
func (s *shared) Release(_ context.Context, _ string, h step.Holder) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holder = nil
	return nil
}

// Leads is where it is.
func (s *shared) Leads(context.Context) []step.Place {
	return []step.Place{{Kind: "git", Name: s.at}}
}

const grouped = `name: release
identity: [inputs.n]
concurrency: {group: releases, lock: {repo: "https://git.example.com/x.git"}}
inputs:
  n: {type: integer, required: true}
steps:
  - {id: first, uses: create, with: {title: "release ${{ inputs.n }}"}}
`

// TestConcurrency: another work of the group does not write at the same time,
// on this machine or on another one; the lock is let go of at the end.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	lock := &shared{}
	here, there := newOffice(t), newOffice(t)
	first := here.start(t.Context(), here.engine(lock), grouped, engine.Options{})
	<-here.begun
	other := strings.Replace(grouped, "identity: [inputs.n]\n", "", 1) // each run is work of its own
	if r := <-here.start(t.Context(), here.engine(lock), other, engine.Options{}); r.Reason != engine.ForLock || !strings.Contains(r.Failure.Error.Message, "is locked by run ") {
		t.Errorf("on this machine: %s %s %+v", r.State, r.Reason, r.Failure)
	}
	if r := <-there.start(t.Context(), there.engine(lock), grouped, engine.Options{}); r.Reason != engine.ForLock || !strings.Contains(r.Failure.Error.Message, "another machine writes in the group releases: run ") {
		t.Errorf("on another machine: %s %s %+v", r.State, r.Reason, r.Failure)
	}
	close(here.goOn)
	if r := <-first; r.State != engine.Done || lock.holder != nil {
		t.Errorf("%s, the lock is held by %+v", r.State, lock.holder)
	}
	close(there.goOn)
	if r := <-there.start(t.Context(), there.engine(lock), grouped, engine.Options{}); r.State != engine.Done || lock.taken != 2 {
		t.Errorf("after it: %s %+v", r.State, r.Failure)
	}
}

// stuck is a clock of a process whose waits do not end.
type stuck struct{ stopped }

// Sleep waits until the process ends.
func (stuck) Sleep(ctx context.Context, _ time.Duration) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestFollowSaysWhen: who follows a run knows when its next attempt begins, and
// how often it asks; when it asks next is not written down.
func TestFollowSaysWhen(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state", "site")
	process := func(c engine.Clock) *engine.Engine {
		return engine.New(engine.Setup{
			Catalogue: step.NewCatalogue([]step.Step{
				step.Read("look", "Look.", func(context.Context, in) (out, error) { return out{Key: "found"}, nil }),
				step.Read("fail", "Fail.", func(context.Context, in) (out, error) { return out{}, types.Errorf(types.Network, "no") }),
			}),
			State: state, Clock: c, Random: rand.Reader, Version: "test",
		})
	}
	const text = "name: release\nidentity: [inputs.n]\ninputs:\n  n: {type: integer, required: true}\nsteps:\n  - id: g\n    parallel: true\n    steps:\n" +
		"      - {id: a, await: {uses: look, with: {title: x}, until: \"result.key == 'never'\", every: 45s}}\n" +
		"      - {id: r, uses: fail, with: {title: x}, retry: {attempts: 3, delay: 10m}}\n"
	o := &office{t: t, state: state}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	at := map[string]time.Time{}
	both := make(chan bool, 8)
	var mu sync.Mutex
	first := o.start(ctx, process(stuck{}), text, engine.Options{Wait: true, Observe: func(e engine.Event) {
		if e.Type == engine.EventWaiting || e.Type == engine.EventStepRetry {
			mu.Lock()
			at[e.ID] = e.Next
			mu.Unlock()
			both <- true
		}
	}})
	<-both
	<-both
	seen := make(chan engine.Event, 8)
	second := o.start(ctx, process(soon{}), text, engine.Options{Observe: func(e engine.Event) {
		if e.Type == engine.EventWaiting || e.Type == engine.EventStepRetry {
			seen <- e
		}
	}})
	for range 2 {
		e := <-seen
		switch {
		case e.Type == engine.EventWaiting && (e.Every != "45s" || !e.Next.IsZero()):
			t.Errorf("waits: every %q, next %s", e.Every, e.Next)
		case e.Type == engine.EventStepRetry && (e.Next.IsZero() || !e.Next.Equal(at["r"])):
			t.Errorf("tries again at %s, want %s", e.Next, at["r"])
		}
	}
	stop()
	<-first
	<-second
}
