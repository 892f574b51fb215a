package step

import (
	"fmt"
	"maps"
	"slices"

	"github.com/skillrun/skillrun/engine/mask"
)

// Catalogue is the set of step types a program knows.
type Catalogue struct {
	byName map[string]Step
	mask   *mask.Mask // nil hides nothing
}

// NewCatalogue gathers families of steps. Two steps of one name are a bug of
// the program, and panic.
func NewCatalogue(families ...[]Step) *Catalogue {
	c := &Catalogue{byName: map[string]Step{}}
	for _, s := range slices.Concat(families...) {
		if _, twice := c.byName[s.Name]; twice {
			panic(fmt.Sprintf("step: %s is declared twice", s.Name))
		}
		c.byName[s.Name] = s
	}
	return c
}

// With is the catalogue with further steps, for whoever lists them. Two steps of one
// name are a bug of the caller, and panic.
func (c *Catalogue) With(more []Step) *Catalogue {
	return &Catalogue{byName: NewCatalogue(slices.Collect(maps.Values(c.byName)), more).byName, mask: c.mask}
}

// Lookup returns the step of that name.
func (c *Catalogue) Lookup(name string) (Step, bool) {
	s, ok := c.byName[name]
	return s, ok
}

// Names returns all names in order.
func (c *Catalogue) Names() []string { return slices.Sorted(maps.Keys(c.byName)) }
