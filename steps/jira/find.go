package jira

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// How far the lookups go.
const (
	maxLabelled = 20  // issues with our label that are looked at
	window      = 50  // newest indexed issues between which a gap is probed
	misses      = 5   // numbers in a row that do not exist end the probe
	missesAfter = 20  // that many after a request of unknown outcome: then it is proved that it filed nothing
	maxProbes   = 500 // reads after which the probe gives up
)

func projectOf(key string) string { return key[:strings.LastIndexByte(key, '-')] }

func numberOf(key string) int {
	n, err := strconv.Atoi(key[strings.LastIndexByte(key, '-')+1:])
	if err != nil {
		return 0
	}
	return n
}

// findCreated looks for the issue of key, by label and then by number.
func (c *client) findCreated(ctx context.Context, key step.Key, in CreateIn) (step.Found[CreateOut], error) {
	var none step.Found[CreateOut]
	const what = "search for the label "
	keys, err := c.keys(ctx, what+label(key), fmt.Sprintf(`labels = "%s" ORDER BY created DESC`, label(key)), maxLabelled)
	if err != nil {
		return none, err
	}
	if f, ok, err := c.labelled(ctx, key, in, keys); ok || err != nil {
		return f, err
	}
	return c.probe(ctx, key, in)
}

func list(issues []issue) string { return strings.Join(keysOf(issues), ", ") }

// labelled says what the issues are to this call that have our label, in any
// project, for an issue may be moved; it is not ok when they say nothing. A
// clone has the label and not the property.
func (c *client) labelled(ctx context.Context, key step.Key, in CreateIn, keys []string) (f step.Found[CreateOut], ok bool, err error) {
	marked, copies, err := c.sort(ctx, key, keys)
	switch {
	case err != nil:
		return f, false, err
	case len(marked) > 0:
		return c.one(ctx, key, in, marked), true, nil
	case len(copies) > 0:
		f, err := c.unmarked(ctx, key, in, copies)
		return f, err == nil, err
	}
	return f, false, nil
}

// one judges the issue of this work. When there are several a person must say
// which, by taking the label off the others: none is cleaned away in silence.
func (c *client) one(ctx context.Context, key step.Key, in CreateIn, marked []issue) step.Found[CreateOut] {
	kept := slices.DeleteFunc(slices.Clone(marked), func(i issue) bool { return !slices.Contains(i.Fields.Labels, label(key)) })
	if len(kept) > 0 {
		marked = kept
	}
	if len(marked) > 1 {
		return step.Inconclusive[CreateOut](fmt.Sprintf("%s all belong to this work; keep one, and remove the label %s from the others",
			list(marked), label(key)))
	}
	return c.judge(ctx, marked[0], in)
}

// sort reads the issues and tells ours from copies of it.
func (c *client) sort(ctx context.Context, key step.Key, keys []string) (marked, copies []issue, err error) {
	for _, k := range keys {
		i, err := c.issue(ctx, k)
		switch m, ok := parseMarker(i.Properties[property]); {
		case types.CodeOf(err) == types.NotFound:
			// deleted since it was indexed
		case err != nil:
			return nil, nil, err
		case i.undone():
			// an undo has ended it
		case ok && m.Key == key.String():
			marked = append(marked, i)
		default:
			copies = append(copies, i)
		}
	}
	return marked, copies, nil
}

// judge says what an issue that holds our key is to this call.
func (c *client) judge(ctx context.Context, i issue, in CreateIn) step.Found[CreateOut] {
	switch {
	case i.done():
		return step.Ended[CreateOut](i.Key, i.Key+" is "+i.Fields.Status.Name+i.since(),
			"reopen "+i.Key+" and run this again, or use --again N to file another issue")
	case !in.fresh(ctx, i):
		return step.Drifted(i.Key, c.out(i, false), in.difference(i))
	case projectOf(i.Key) != in.Project:
		return step.Ended[CreateOut](i.Key, "the issue was moved out of "+in.Project+" and is now "+i.Key,
			"move it back and run this again, or use --again N to file another issue")
	}
	return step.Exists(i.Key, c.out(i, false))
}

func (i issue) since() string {
	for _, text := range []string{i.Fields.StatusSince, i.Fields.Resolved} {
		if t, err := parseTime(text); err == nil {
			return " since " + t
		}
	}
	return ""
}

// probe reads issues by number, for those that the index does not know yet:
// first the gaps between the newest that it knows, then upwards. It proves
// absence as far as numbers count up without long gaps; with an empty index
// it is unknown where to begin but at 1, which is no proof once a request was
// sent.
func (c *client) probe(ctx context.Context, key step.Key, in CreateIn) (step.Found[CreateOut], error) {
	var none step.Found[CreateOut]
	jql := fmt.Sprintf(`project = "%s" ORDER BY key DESC`, in.Project)
	newest, err := c.search(ctx, "search for the newest issue of "+in.Project, jql, "labels", window)
	if err != nil {
		return none, err
	}
	call := step.CallOf(ctx)
	p := prober{client: c, project: in.Project, key: key, indexed: map[int]bool{}, misses: misses}
	if call.AfterUnknown {
		p.misses = missesAfter
	}
	var late []string // indexed since the search for the label, or by another node
	for _, i := range newest.issues {
		p.note(i.Key)
		m, _ := parseMarker(i.Properties[property])
		if m.Key == key.String() || slices.Contains(i.Fields.Labels, label(key)) {
			late = append(late, i.Key)
		}
	}
	if f, ok, err := c.labelled(ctx, key, in, late); ok || err != nil {
		return f, err
	}
	found, copies, complete, err := p.run(ctx)
	switch {
	case err != nil:
		return none, err
	case len(found) > 0:
		return c.one(ctx, key, in, found), nil
	case len(copies) > 0:
		return c.unmarked(ctx, key, in, copies)
	case !complete, len(newest.issues) == 0 && call.AfterUnknown:
		return step.Inconclusive[CreateOut](fmt.Sprintf("look in %s for an issue with the label %s; the search index may lag a few minutes behind",
			in.Project, label(key))), nil
	case call.AfterUnknown:
		return c.absentUnlabelled(ctx, key, in, p.read)
	}
	return step.Absent[CreateOut](), nil
}

// absentUnlabelled is the rest of a proof after a lost answer: where the project
// takes no labels, the issue may be known by its property alone, or by none of
// our marks.
func (c *client) absentUnlabelled(ctx context.Context, key step.Key, in CreateIn, read []issue) (step.Found[CreateOut], error) {
	if c.takesLabels(ctx, in) {
		return step.Absent[CreateOut](), nil
	}
	f, err := c.scan(ctx, key, in)
	if err != nil || f.State != step.StateAbsent {
		return f, err
	}
	return in.lookalike(ctx, read), nil
}

type prober struct {
	*client
	project string
	key     step.Key
	indexed map[int]bool // numbers that need no look
	lowest  int          // of them
	highest int
	misses  int

	read []issue // what was there
}

func (p *prober) note(key string) {
	n := numberOf(key)
	if len(p.indexed) == 0 || n < p.lowest {
		p.lowest = n
	}
	p.highest = max(p.highest, n)
	p.indexed[n] = true
}

// run returns the issues that hold the key: mostly one, two when a request was
// delivered twice; and those that have the label without it. It is not complete
// when it gave up before it had seen enough. The gaps below the newest number
// are read at once, together with as many above it as have to be free; where
// one of those is taken, more are read behind it.
func (p *prober) run(ctx context.Context) (found, copies []issue, complete bool, err error) {
	next, asked, missed := max(p.lowest-p.misses, p.highest-window+1, 1), 0, 0
	for next <= p.highest || missed < p.misses {
		var numbers []int
		for end := max(next-1, p.highest) + p.misses - missed; next <= end; next++ {
			if !p.indexed[next] {
				numbers = append(numbers, next)
			}
		}
		if asked += len(numbers); asked > maxProbes {
			return found, copies, false, nil
		}
		for n, r := range p.client.issues(ctx, p.project, numbers) {
			switch m, _ := parseMarker(r.issue.Properties[property]); {
			case types.CodeOf(r.err) == types.NotFound:
				if numbers[n] > p.highest {
					missed++
				}
				continue
			case r.err != nil:
				return nil, nil, false, r.err
			case r.issue.undone():
			case m.Key == p.key.String():
				found = append(found, r.issue)
			case m.Key == "" && slices.Contains(r.issue.Fields.Labels, label(p.key)):
				copies = append(copies, r.issue)
			}
			p.read = append(p.read, r.issue)
			missed = 0
		}
	}
	return found, copies, true, nil
}

// created reads what was filed, and the numbers beside it: something between
// here and Jira may have delivered the one request twice, and answered as to
// the first or the second. Of those beside it a read that fails says nothing:
// ours is filed.
func (c *client) created(ctx context.Context, what string, filed issue, in CreateIn, mark marker) (CreateOut, error) {
	var none CreateOut
	n := numberOf(filed.Key)
	read := c.issues(ctx, projectOf(filed.Key), []int{n, n - 1, n + 1})
	made := read[0].issue
	if err := read[0].err; err != nil {
		return none, types.Errorf(types.UnknownOutcome, "%s: jira reports %s, which cannot be read: %w", what, filed.Key, err).
			WithHint("check it; then resume the run, which looks for it before it sends anything")
	}
	if made.ID != filed.ID || !c.holds(ctx, made, in, mark) {
		return none, types.Errorf(types.UnknownOutcome, "%s: jira reports %s, which is not what was sent", what, filed.Key).
			WithHint("look for the label %s", labelPrefix+mark.Key)
	}
	for _, beside := range read[1:] {
		if beside.err == nil && beside.issue.ID != made.ID && beside.issue.twin(made, mark) {
			return none, types.Errorf(types.UnknownOutcome, "%s: sent once, but created twice: %s and %s", what, made.Key, beside.issue.Key).
				WithHint("keep one, remove the label %s from the other, and resume the run", labelPrefix+mark.Key)
		}
	}
	return c.out(made, true), nil
}
