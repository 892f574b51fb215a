package check

import (
	"fmt"
	"slices"

	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// checkModifiers checks what stands around the action of a step: its time-out, what
// happens when it fails, and what people are told then.
func (c *checker) checkModifiers(n *syntax.Node, kind string, node *program.Node, m outcome) {
	if n.Get("timeout") != nil && isAllowed("timeout", kind) {
		node.Timeout = c.duration(n, "timeout", "")
		if m.codes != nil {
			m.codes = append(slices.Clip(m.codes), types.Timeout)
		}
	}
	if isAllowed("on_error", kind) {
		node.OnError = c.stopOrContinue(n, "on_error")
	}
	if r := n.Get("retry"); r != nil && isAllowed("retry", kind) {
		node.Retry = c.retry(r, node, m)
	}
	if e := n.Get("errors"); e != nil && isAllowed("errors", kind) {
		c.errors(e, node, m)
	}
	if n.Get("repeatable") != nil && isAllowed("repeatable", kind) {
		c.repeatable(n, node, m)
	}
}

// repeatable checks what only a write can be: to do a read or a step of the
// workspace again never needs anybody's word, and of a called skill each write
// says it for itself.
func (c *checker) repeatable(n *syntax.Node, node *program.Node, m outcome) {
	node.Repeatable = c.flag(n, "repeatable")
	switch {
	case node.Kind == program.Skill:
		d := c.diags.Errorf("misplaced-key", n.Get("repeatable").Range, "repeatable belongs to a write, and %s is a skill", n.Get("uses").Value)
		if d.Hint = "set it on the steps of that skill that may be done again"; node.Call != nil && node.Call.StepType {
			d.Message = "repeatable belongs to a built-in write, and " + n.Get("uses").Value + " is a step type of a file"
			d.Hint = "set it in that file"
		}
	case node.Effect != "" && node.Effect != string(step.Writes):
		c.diags.Errorf("misplaced-key", n.Get("repeatable").Range, "repeatable belongs to a write, and %s is a %s", m.who, node.Effect).
			Hint = "leave it out: what changes nothing outside of the run is repeated anyway"
	}
}

// errors checks the people's messages against what the step can fail with.
func (c *checker) errors(e *syntax.Node, node *program.Node, m outcome) {
	if e.Kind != syntax.Mapping {
		c.diags.Errorf("bad-errors", e.Range, "errors maps codes to messages, such as {not_found: Build it first.}")
		return
	}
	outside := c.view
	c.defineName("error", errorType())
	node.Errors = map[types.Code]string{}
	for _, p := range e.Pairs {
		c.code(p.Key, m)
		node.Errors[types.Code(p.Key.Value)], _ = c.fits(p.Value, types.OfKind(types.String), c.scope(), fmt.Sprintf("errors.%s", p.Key.Value)).(string)
	}
	c.view = outside
}

func (c *checker) code(n *syntax.Node, m outcome) types.Code {
	code := types.Code(n.Value)
	switch {
	case n.Kind != syntax.Scalar:
		c.diags.Errorf("unknown-code", n.Range, "an error code is a word, not a %s", kindName(n))
	case m.unclear, slices.Contains(m.codes, code):
	case m.codes != nil:
		c.diags.Errorf("unknown-code", n.Range, "%s never fails with %s", m.who, code).Suggest(n.Value, codeNames(m.codes))
	case !types.IsCode(n.Value) && !slices.ContainsFunc(c.skill.Uses, func(s step.Step) bool { return s.CanFail(code) }):
		c.diags.Errorf("unknown-code", n.Range, "%s is not an error code", code).Suggest(n.Value, codeNames(types.Codes()))
	}
	return code
}

// codes reads a list of codes after which something is done again.
func (c *checker) codes(n *syntax.Node, m outcome, hint string) (out []types.Code) {
	if n.Kind != syntax.Sequence || len(n.Items) == 0 {
		c.diags.Errorf("bad-retry", n.Range, "on is a list of error codes").Hint = hint
	}
	for _, item := range n.Items {
		code := c.code(item, m)
		if code == types.Cancelled {
			c.diags.Errorf("bad-retry", item.Range, "cancelled is not retried").Hint = "a user or a signal stopped it: leave the code out"
		}
		out = append(out, code)
	}
	return out
}

func codeNames(codes []types.Code) []string {
	names := make([]string, len(codes))
	for i, c := range codes {
		names[i] = string(c)
	}
	return names
}

// maxAttempts keeps a mistyped number from being taken for a patient one.
const maxAttempts = 1000

func (c *checker) retry(n *syntax.Node, node *program.Node, m outcome) *program.Retry {
	if n.Kind != syntax.Mapping {
		c.diags.Errorf("bad-retry", n.Range, "retry is a mapping with attempts, delay, on and more, not a %s", kindName(n)).Hint = "such as retry: {attempts: 3, delay: 5s}"
		return nil
	}
	c.keys(n, "retry", retryKeys, nil)
	out := &program.Retry{Attempts: c.number(n, "attempts", 2, maxAttempts)}
	if n.Get("attempts") == nil {
		c.diags.Errorf("missing-key", n.Head(), "a retry needs attempts: how many there are in total").Hint = "such as attempts: 3"
	}
	c.delays(n, out)
	if on := n.Get("on"); on != nil {
		out.On = c.codes(on, m, "such as on: [unavailable, rate_limited]; without it, every code but cancelled and internal")
	}
	outside := c.view
	c.defineName("error", errorType())
	if i := n.Get("if"); i != nil {
		out.If, _ = c.condition(i, "retry.if", c.scope())
	}
	if b := n.Get("before"); b != nil {
		c.enclose(enclosure{kind: inRemedy, id: node.ID})
		c.beginLifetime("")
		out.Before = c.sequence(b, "before", true)
		c.endLifetime(out.Before)
	}
	c.view = outside
	return out
}

func (c *checker) delays(n *syntax.Node, out *program.Retry) {
	out.Delay = c.duration(n, "delay", "")
	out.MaxDelay = c.duration(n, "max_delay", "")
	if b := n.Get("backoff"); b != nil {
		switch f := b.Data().(type) {
		case int:
			out.Backoff = float64(f)
		case float64:
			out.Backoff = f
		}
		if out.Backoff < 1 || out.Backoff > 100 {
			c.diags.Errorf("bad-value", b.Range, "backoff is a number from 1 to 100: the factor by which each delay grows")
			out.Backoff = 0
		}
	}
	for _, key := range retryKeys {
		if key.Needs == "delay" && n.Get(key.Name) != nil && n.Get("delay") == nil {
			c.diags.Errorf("misplaced-key", keyOf(n, key.Name), "%s has no effect without delay", key.Name).Hint = "add delay: the time before the second attempt"
		}
	}
}
