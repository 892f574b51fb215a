package config

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
)

// Reaches describes a service by where it is and as whom it is asked: a run is
// bound to that, and so to where a link leads. How it gets there (a certificate, a time-out, which credential)
// may change while a run waits.
func (c *Config) Reaches(name string) string {
	s, ok := c.Services[name]
	if !ok {
		return "not configured"
	}
	root := s.Root
	if real, err := filepath.EvalSymlinks(root); root != "" && err == nil {
		root = real
	}
	parts := []string{cmp.Or(where(s.URL), root, "no url"), s.Kind, s.Deployment, s.API}
	if s.User != "" {
		parts = append(parts, "as "+s.User)
	}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", ")
}
