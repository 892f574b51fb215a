package main

import (
	"context"
	"testing"
	"time"
)

// interrupting is a clock whose first sleep is cut by a signal.
type interrupting struct {
	handClock
	stop context.CancelFunc
}

// Sleep ends the context, as a signal does.
func (c interrupting) Sleep(ctx context.Context, _ time.Duration) error {
	c.stop()
	return ctx.Err()
}

// TestInterrupted: a signal while the run waits ends it with 130, and it continues from there.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, stop := context.WithCancel(t.Context())
	b.ctx, b.clock = ctx, interrupting{handClock{b}, stop}
	r := b.release(b.sha(), "--wait")
	r.want(t, 130, `interrupted: run `, `to continue: skillrun resume `)
	b.ctx, b.clock = nil, nil
	b.run(r.goOn()...).want(t, 0, `parked, waiting`)
	if got := b.state(); len(got.Jira.Issues) != 1 || len(got.Gitlab.MergeRequests) != 1 {
		t.Errorf("%d issues, %d merge requests", len(got.Jira.Issues), len(got.Gitlab.MergeRequests))
	}
}
