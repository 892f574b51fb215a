package check

import (
	"slices"

	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/program"
)

func (c *checker) beginLifetime(loop string) {
	c.life = &lifetime{outer: c.life, loop: loop, home: map[string]int{}, last: map[string]int{}}
	c.lives = append(c.lives, c.life)
}

// endLifetime ends the lifetime of the nodes, which stay where they are from now on.
func (c *checker) endLifetime(sequences ...[]program.Node) {
	for _, nodes := range sequences {
		for i := range nodes {
			c.life.nodes = append(c.life.nodes, &nodes[i])
		}
	}
	c.life = c.life.outer
}

func (c *checker) declareResult(id string) {
	if c.owner[id] != nil {
		return // a second step of one id is a mistake of its own
	}
	c.owner[id], c.life.home[id] = c.life, c.life.at
	c.life.ids = append(c.life.ids, id)
}

func (c *checker) noteReads(refs []expr.Ref) {
	c.facts.Read(c.about, refs)
	for _, r := range refs {
		if r.Path[0] != "steps" {
			continue
		}
		if len(r.Path) > 1 {
			c.noteRead(r.Path[1])
			continue
		}
		for _, all := range c.view.steps {
			c.noteRead(all.id)
		}
	}
}

func (c *checker) noteRead(id string) {
	if c.reads != nil {
		c.reads[id] = true
	}
	if l := c.owner[id]; l != nil {
		l.last[id] = max(l.last[id], l.at)
	}
}

func (c *checker) computeDrops() {
	for _, l := range c.lives {
		if c.isKept(l) {
			continue
		}
		for _, id := range l.ids {
			last, read := l.last[id]
			if !read {
				last = l.home[id]
			}
			if last < len(l.nodes) {
				l.nodes[last].Drop = append(l.nodes[last].Drop, id)
			}
		}
		for _, n := range l.nodes {
			slices.Sort(n.Drop)
		}
	}
}

// isKept reports whether someone reads the loop's result, which is made of a lifetime.
func (c *checker) isKept(l *lifetime) bool {
	if l.loop == "" {
		return false
	}
	owner := c.owner[l.loop]
	if owner == nil {
		return false
	}
	_, read := owner.last[l.loop]
	return read || l.kept || c.isKept(owner)
}

// keepInside keeps the results of the steps in a loop until its break_if was asked.
func (c *checker) keepInside(loop string) {
	for _, l := range c.lives {
		l.kept = l.kept || l.loop == loop
	}
}
