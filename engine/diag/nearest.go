package diag

import "strings"

// Nearest returns the candidate that name was most likely meant to be, or ""
// when none is near: of its letters about a third may be wrong, never more than
// three, and of the longer of the two one half. Case and the difference between "-"
// and "_" cost nothing, and what one of the two has more at its end costs two at most.
func Nearest(name string, candidates []string) string {
	best, bestCost := "", min(len(name)/3+1, 3)
	folded := fold(name)
	for _, c := range candidates {
		d, short := distance(folded, fold(c)), min(len(name), len(c))
		begins := short >= 4 && folded[:short] == fold(c)[:short]
		if begins {
			d = min(d, 2)
		}
		if d <= bestCost && (begins || 2*d <= max(len(name), len(c))) && c != name {
			if d < bestCost || best == "" {
				best, bestCost = c, d
			}
		}
	}
	return best
}

// DidYouMean returns a hint that names the nearest candidate, or lists the
// candidates when there are few, or "".
func DidYouMean(name string, candidates []string) string {
	if n := Nearest(name, candidates); n != "" {
		return "did you mean " + n + "?"
	}
	if len(candidates) > 0 && len(candidates) <= 12 {
		return "known here: " + strings.Join(candidates, ", ")
	}
	return ""
}

func fold(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "-", "_")
}

// distance is the Levenshtein distance in bytes, where a swap of neighbours counts one.
func distance(a, b string) int {
	before := make([]int, len(b)+1)
	prev := make([]int, len(b)+1)
	cur := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)]
}
