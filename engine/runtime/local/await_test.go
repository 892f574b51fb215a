package local_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// TestAwaitEndsOnItsFirst503: an await continues past a poll that the network or a
// busy service failed, and says so; what else fails ends it, and so does its own
// time-out, with what kept it from an answer.
func TestAwaitEndsOnItsFirst503(t *testing.T) {
	t.Parallel()
	times := func(n int, codes ...types.Code) (out []types.Code) {
		for range n {
			out = append(out, codes...)
		}
		return out
	}
	retry := func(on ...types.Code) *program.Retry { return &program.Retry{Attempts: 2, Delay: "1h", On: on} }
	for name, tt := range map[string]struct {
		fail    []types.Code
		timeout string
		retry   *program.Retry
		state   runtime.State
		code    types.Code
		after   time.Duration
		told    int // waits that say why
		records int // events in the journal
	}{
		"all that goes by":            {[]types.Code{types.Unavailable, types.Network, types.Timeout, types.RateLimited}, "", nil, runtime.Done, "", 40 * time.Second, 4, 2},
		"first of all":                {times(1, types.Unavailable), "1m", nil, runtime.Done, "", 10 * time.Second, 1, 2},
		"until its time is up":        {times(100, types.Unavailable), "25s", nil, runtime.Failed, types.Timeout, 25 * time.Second, 3, 2},
		"something else":              {times(1, types.Unavailable, types.NotFound), "", nil, runtime.Failed, types.NotFound, 10 * time.Second, 1, 2},
		"something else, at once":     {times(1, types.Forbidden), "", nil, runtime.Failed, types.Forbidden, 0, 0, 1},
		"a retry of something else":   {times(2, types.Unavailable), "", retry(types.NotFound), runtime.Done, "", 20 * time.Second, 2, 2},
		"a retry of anything":         {times(2, types.Unavailable), "", retry(), runtime.Done, "", 20 * time.Second, 2, 2},
		"a retry that names the code": {times(3, types.Unavailable), "", retry(types.Unavailable), runtime.Done, "", 0, 2, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, j, began := newShop(), journal.NewMemory(), time.Now()
				s.fail["a"] = tt.fail
				n := program.Node{ID: "a", Kind: program.Await, Step: "look", Effect: "read", Until: "result.name == 'a'", Every: "10s", Timeout: tt.timeout, Retry: tt.retry}
				o := s.options(j, n, act("z", "look"))
				told := 0
				o.Observe = func(e runtime.Event) {
					if e.Type == runtime.EventWaiting && e.Error != nil {
						told++
					}
				}
				out := run(t, t.Context(), o)
				var code types.Code
				if out.Failure != nil {
					code = out.Failure.Error.Code
				}
				took := time.Since(began)
				if tt.after == 0 && tt.retry != nil { // its pause is drawn
					took = 0
				}
				if out.State != tt.state || code != tt.code || took != tt.after || told != tt.told {
					t.Errorf("%s %q after %s, told %d times", out.State, code, time.Since(began), told)
				}
				if code == types.Timeout && out.Failure.Error.Details["cause"] != "a failed" {
					t.Errorf("%+v", out.Failure.Error)
				}
				events := 0
				for _, r := range j.Records() {
					if r.Kind == journal.Event && r.Path == "a" {
						events++
					}
				}
				if events != tt.records {
					t.Errorf("%d events of it are written down, want %d", events, tt.records)
				}
			})
		})
	}
}

// TestAwaitParksOver503: a run that does not wait parks where its poll got no
// answer, and asks at once when it is taken up; its time counts from the first.
func TestAwaitParksOver503(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, j := newShop(), journal.NewMemory()
		s.fail["a"] = []types.Code{types.Unavailable, types.Unavailable, types.Unavailable}
		n := program.Node{ID: "a", Kind: program.Await, Step: "look", Effect: "read", Until: "result.name == 'a'", Every: "10s", Timeout: "1h"}
		var got []string
		for _, pause := range []time.Duration{0, time.Minute, time.Hour} {
			time.Sleep(pause)
			o := s.options(j, n, act("z", "look"))
			o.Wait = false
			out := run(t, t.Context(), o)
			got = append(got, fmt.Sprint(out.State, " ", out.Reason, " ", out.Failure != nil && out.Failure.Error.Code == types.Timeout))
		}
		if diff := cmp.Diff([]string{"parked await false", "parked await false", "failed  true"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestWaitSaysWhenItAsksNext: an event of what waits has the time of the next
// question, which is asked then; a run that parks, and what an earlier process
// waited for, have none.
func TestWaitSaysWhenItAsksNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, j := newShop(), journal.NewMemory()
		s.fail["a"] = []types.Code{types.Unavailable, types.Unavailable, types.Unavailable}
		n := program.Node{ID: "a", Kind: program.Await, Step: "look", Effect: "read", Until: "result.name == 'a'", Every: "10s"}
		var got []string
		for _, stays := range []bool{false, true} {
			began := time.Now()
			o := s.options(j, n, act("z", "look"))
			o.Wait = stays
			o.Observe = func(e runtime.Event) {
				switch {
				case e.Type == runtime.EventWaiting && e.Next.IsZero():
					got = append(got, fmt.Sprint("waits, earlier: ", e.Replayed))
				case e.Type == runtime.EventWaiting:
					got = append(got, fmt.Sprint("asks at ", e.Next.Sub(began), ", told at ", e.At.Sub(began)))
				case e.Type == runtime.EventStepDone && e.ID == "a":
					got = append(got, fmt.Sprint("done at ", e.At.Sub(began)))
				}
			}
			run(t, t.Context(), o)
		}
		want := []string{"waits, earlier: false", "waits, earlier: true", "asks at 10s, told at 0s", "asks at 20s, told at 10s", "done at 20s"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
