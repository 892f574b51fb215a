package check

import (
	"cmp"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

const (
	concurrencyHint = "such as `concurrency: aa-backend`, or `concurrency: {group: aa-backend, lock: {repo: \"${{ config.lock_repo }}\"}}`"
	groupHint       = "at most 64 lower-case letters, digits, dots, dashes and underscores"
)

// concurrency checks which runs must not write at the same time. As identity
// it sees inputs and config only: a run knows its group before it begins.
func (c *checker) concurrency(n *syntax.Node) {
	if n == nil {
		return
	}
	c.grouped = true
	group := n
	switch n.Kind {
	case syntax.Sequence:
		c.diags.Errorf("bad-concurrency", n.Range, "concurrency is the name of a group, or a mapping with group and lock").Hint = concurrencyHint
		return
	case syntax.Mapping:
		c.keys(n, "concurrency", concurrencyKeys, nil)
		if group = n.Get("group"); group == nil {
			c.diags.Errorf("missing-key", n.Head(), "concurrency needs a group").Hint = concurrencyHint
			return
		}
	}
	out := &program.Concurrency{}
	out.Group, _ = c.fits(group, types.OfKind(types.String), c.declared(), "group").(string)
	if group.Kind == syntax.Scalar && group.Tag == "!!str" && isLiteral(group) {
		if why := badGroup(unescaped(group.Value)); why != "" {
			c.diags.Errorf("bad-concurrency", group.Range, "group %s", why).Hint = groupHint
		}
	}
	c.skill.places["concurrency.group"] = group.Range
	if n.Kind == syntax.Mapping {
		c.lock(n.Get("lock"), out)
	}
	c.skill.Concurrency = out
}

// lock checks where machines share the lock of a group.
func (c *checker) lock(n *syntax.Node, out *program.Concurrency) {
	if n == nil {
		return
	}
	if n.Kind != syntax.Mapping {
		c.diags.Errorf("bad-concurrency", n.Range, "lock is a mapping with repo and service").Hint = concurrencyHint
		return
	}
	c.keys(n, "a lock", lockKeys, nil)
	if s := n.Get("service"); s != nil && s.Kind == syntax.Scalar {
		c.mustBeLiteral(s)
	}
	out.Service = c.str(n, "service")
	repo := n.Get("repo")
	if repo == nil {
		c.diags.Errorf("missing-key", n.Head(), "a lock needs a repo: the git repository that the machines share").Hint = concurrencyHint
		return
	}
	want, s := types.Type{Kind: types.String, Trusted: true, Optional: true}, c.declared()
	value, t := c.typed(repo, s)
	if t.Kind == types.Invalid {
		return // its own diagnostics say why
	}
	c.checkType(repo, value, t, want, "repo")
	c.trusted(repo, want, s, "repo")
	out.Repo, _ = value.(string)
	c.skill.places["concurrency.repo"] = repo.Range
	if !t.Optional { // else only a site that sets it needs the service
		c.skill.lock = []Need{{lockService(out), lockKind, repo.Range}}
	}
}

const lockKind = "git"

func lockService(l *program.Concurrency) string {
	return cmp.Or(l.Service, lockKind)
}

func (s *Skill) bindConcurrency(env expr.Env, diags *diag.List) *program.Concurrency {
	if s.Concurrency == nil {
		return nil
	}
	group, ok := s.bindText("concurrency.group", s.Concurrency.Group, env, diags)
	if !ok {
		return nil
	}
	if why := badGroup(group); why != "" {
		diags.Errorf("bad-concurrency", s.places["concurrency.group"], "group %s", why).
			Hint = groupHint + "; bound the inputs in it by a pattern or an enum"
		return nil
	}
	repo, ok := s.bindText("concurrency.repo", s.Concurrency.Repo, env, diags)
	if !ok {
		return nil
	}
	out := &program.Concurrency{Group: group, Repo: repo}
	if repo != "" {
		out.Service = s.Concurrency.Service
	}
	return out
}

// bindText evaluates a text; what is absent is empty.
func (s *Skill) bindText(what, src string, env expr.Env, diags *diag.List) (string, bool) {
	t, problems := expr.ParseText(src)
	if len(problems) > 0 {
		diags.Errorf("bad-concurrency", s.places[what], "%s: %s", what, problems[0].Message)
		return "", false
	}
	v, err := t.Eval(env)
	if err != nil {
		diags.Errorf("bad-concurrency", s.places[what], "%s: %v", what, err)
		return "", false
	}
	text, ok := v.(string)
	if !ok && v != nil {
		diags.Errorf("bad-concurrency", s.places[what], "%s is a %s, not a text", what, types.KindOf(v))
		return "", false
	}
	return text, true
}

// badGroup says why a name cannot be a group's, of which a file and a branch are named.
func badGroup(value any) string {
	if err := (types.Type{Kind: types.String, Pattern: program.GroupPattern}).Check(value); err != nil {
		return err.Error()
	}
	name, _ := value.(string)
	if strings.Contains(name, "..") || strings.HasSuffix(name, ".") || strings.HasSuffix(name, ".lock") {
		return "is \"" + name + "\", which cannot be the name of a branch"
	}
	return ""
}

// Needs returns the services that a run of the skill needs: those of its steps, the
// secrets of the site, which are services of a kind of their own,
// and, where machines share its lock, the one that has it. b may be nil: then the
// lock is the one that the text of the skill names.
func (s *Skill) Needs(b *Bound) []Need {
	lock := s.lock
	if b != nil && b.Concurrency != nil && b.Concurrency.Repo != "" {
		lock = []Need{{lockService(b.Concurrency), lockKind, s.places["concurrency.repo"]}}
	}
	return slices.Concat(s.Reaches, s.NeedsSecret, lock)
}
