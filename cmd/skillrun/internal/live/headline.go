package live

import (
	"fmt"
	"regexp"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine/types"
)

// Result fields that name what a step came to, best first.
var (
	linkFields  = []string{"web_url", "url"}
	nameFields  = []string{"key", "reference", "branch", "short", "digest", "sha", "commit", "issue", "new", "text", "value", "status", "state", "path", "ts"}
	countFields = []string{"total", "count", "looked_at"}
	hashPattern = regexp.MustCompile(`^[0-9a-f]{40,64}$`)
)

// headline is the longest of the names and links of a result that fits.
func headline(result map[string]any, room int) string {
	name, link := first(result, nameFields), first(result, linkFields)
	both := strings.TrimSpace(name + "  " + link)
	switch {
	case both != "" && lipgloss.Width(both) <= room:
		return both
	case name != "":
		return clip(name, room)
	case link != "":
		return clip(link, room)
	}
	return clip(counted(result), room)
}

// first returns the first of the fields that is a short text or a number.
func first(result map[string]any, fields []string) string {
	for _, f := range fields {
		switch v := result[f].(type) {
		case string:
			if v != "" && len(v) <= 300 && !strings.Contains(v, "\n") {
				return short(render.Flat(v))
			}
		case nil, []any, map[string]any, bool:
		default:
			return types.Show(v)
		}
	}
	return ""
}

// short cuts hashes down to what people compare.
func short(s string) string {
	algorithm, sum, ok := strings.Cut(s, ":")
	switch {
	case hashPattern.MatchString(s):
		return s[:12]
	case ok && hashPattern.MatchString(sum):
		return algorithm + ":" + sum[:12]
	}
	return s
}

func counted(result map[string]any) string {
	for _, f := range countFields {
		if v, ok := result[f]; ok {
			return fmt.Sprintf("%s %s", strings.ReplaceAll(f, "_", " "), types.Show(v))
		}
	}
	return ""
}
