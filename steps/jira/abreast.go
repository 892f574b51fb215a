package jira

import (
	"context"
	"strconv"
	"sync"

	"github.com/skillrun/skillrun/engine/step"
)

// abreast is how many issues are read at the same time: numbers that mostly do
// not exist would otherwise cost one way to Jira and back each.
const abreast = 10

// reading is an issue that was read by its number.
type reading struct {
	issue issue
	err   error
}

// issues reads issues of a project by number, side by side, and returns them in
// the order of the numbers given.
func (c *client) issues(ctx context.Context, project string, numbers []int) []reading {
	ctx = withSerialTell(ctx)
	out := make([]reading, len(numbers))
	free := make(chan struct{}, abreast)
	var all sync.WaitGroup
	for i, n := range numbers {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			out[i].issue, out[i].err = c.issue(ctx, project+"-"+strconv.Itoa(n))
		})
	}
	all.Wait()
	return out
}

// withSerialTell makes requests that run side by side tell people in turn.
func withSerialTell(ctx context.Context) context.Context {
	call := step.CallOf(ctx)
	if call.Tell == nil {
		return ctx
	}
	var mu sync.Mutex
	next := call.Tell
	call.Tell = func(text string) {
		mu.Lock()
		defer mu.Unlock()
		next(text)
	}
	return step.WithCall(ctx, call)
}
