package jira

import (
	"context"
	"fmt"
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
	missesAfter = 20  // the same after a request whose outcome is unknown
	maxProbes   = 500 // reads after which the probe gives up
)

func (i issue) done() bool { return i.Fields.Status.Category.Key == "done" }

func projectOf(key string) string { return key[:strings.LastIndexByte(key, '-')] }

// numberOf is the part of a key behind the dash.
func numberOf(key string) int {
	n, err := strconv.Atoi(key[strings.LastIndexByte(key, '-')+1:])
	if err != nil {
		return 0
	}
	return n
}

// findCreated looks for the issue of key, by label and then by number.
func (f family) findCreated(ctx context.Context, key step.Key, in CreateIn) (step.Found[CreateOut], error) {
	var none step.Found[CreateOut]
	if err := in.check(nil); err != nil {
		return none, err
	}
	c, err := f.connect(in.At)
	if err != nil {
		return none, err
	}
	marked, copies, err := c.labelled(ctx, key)
	switch {
	case err != nil:
		return none, err
	case len(marked) > 1:
		return step.CannotTell[CreateOut](fmt.Sprintf("%s are all of this piece of work; keep one, and take the label %s off the others",
			list(marked), label(key))), nil
	case len(marked) == 1:
		return c.judge(ctx, marked[0], in), nil
	case len(copies) > 0:
		return step.CannotTell[CreateOut](fmt.Sprintf("%s has the label %s but was not filed by skillrun, as a clone would; take the label off, or say that it is the one",
			list(copies), label(key))), nil
	}
	return c.probe(ctx, key, in)
}

func list(issues []issue) string {
	keys := make([]string, len(issues))
	for n, i := range issues {
		keys[n] = i.Key
	}
	return strings.Join(keys, ", ")
}

// labelled looks at every issue that the index knows under our label, in any
// project, for an issue may be moved. A clone has the label and not the
// property.
func (c *client) labelled(ctx context.Context, key step.Key) (marked, copies []issue, err error) {
	jql := fmt.Sprintf(`labels = "%s" ORDER BY created DESC`, label(key))
	keys, err := c.keys(ctx, "search for the label "+label(key), jql, maxLabelled)
	if err != nil {
		return nil, nil, err
	}
	for _, k := range keys {
		i, err := c.issue(ctx, k)
		switch m, ok := parseMarker(i.Properties[property]); {
		case types.CodeOf(err) == types.NotFound:
			// deleted since it was indexed
		case err != nil:
			return nil, nil, err
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
	m, _ := parseMarker(i.Properties[property])
	switch {
	case i.done():
		return step.Over[CreateOut](i.Key, i.Key+" is "+i.Fields.Status.Name+i.since(),
			"reopen "+i.Key+" and run this again, or use --again N to file another issue")
	case m.Digest != step.CallOf(ctx).Digest:
		return step.Differs(i.Key, c.out(i, false), in.difference(i))
	case projectOf(i.Key) != in.Project:
		return step.Over[CreateOut](i.Key, "the issue was moved out of "+in.Project+" and is now "+i.Key,
			"move it back and run this again, or use --again N to file another issue")
	}
	return step.Here(i.Key, c.out(i, false))
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
// nobody knows where to begin but at 1, which is no proof once a request was
// sent.
func (c *client) probe(ctx context.Context, key step.Key, in CreateIn) (step.Found[CreateOut], error) {
	var none step.Found[CreateOut]
	jql := fmt.Sprintf(`project = "%s" ORDER BY key DESC`, in.Project)
	keys, err := c.keys(ctx, "search for the newest issue of "+in.Project, jql, window)
	if err != nil {
		return none, err
	}
	call := step.CallOf(ctx)
	p := prober{client: c, project: in.Project, key: key, indexed: map[int]bool{}, misses: misses}
	if call.AfterUnknown {
		p.misses = missesAfter
	}
	for _, k := range keys {
		p.note(k)
	}
	found, complete, err := p.run(ctx)
	switch {
	case err != nil:
		return none, err
	case found != nil:
		return c.judge(ctx, *found, in), nil
	case !complete, len(keys) == 0 && call.AfterUnknown:
		return step.CannotTell[CreateOut](fmt.Sprintf("look in %s for an issue with the label %s; the search index may lag a few minutes behind",
			in.Project, label(key))), nil
	}
	return step.Absent[CreateOut](), nil
}

// prober reads the issues of a project one by one.
type prober struct {
	*client
	project string
	key     step.Key
	indexed map[int]bool // numbers that need no look
	lowest  int          // of them
	highest int
	misses  int
}

func (p *prober) note(key string) {
	n := numberOf(key)
	if len(p.indexed) == 0 || n < p.lowest {
		p.lowest = n
	}
	p.highest = max(p.highest, n)
	p.indexed[n] = true
}

// run returns the issue that holds the key. It is not complete when it gave
// up before it had seen enough.
func (p *prober) run(ctx context.Context) (found *issue, complete bool, err error) {
	first := max(p.lowest-p.misses, p.highest-window+1, 1)
	reads, missed := 0, 0
	for n := first; n <= p.highest || missed < p.misses; n++ {
		if p.indexed[n] {
			continue
		}
		if reads++; reads > maxProbes {
			return nil, false, nil
		}
		i, err := p.client.issue(ctx, p.project+"-"+strconv.Itoa(n))
		m, ok := parseMarker(i.Properties[property])
		switch {
		case types.CodeOf(err) == types.NotFound:
			if n > p.highest {
				missed++
			}
			continue
		case err != nil:
			return nil, false, err
		case ok && m.Key == p.key.String():
			return &i, true, nil
		}
		missed = 0
	}
	return nil, true, nil
}
