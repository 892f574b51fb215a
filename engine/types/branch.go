package types

import "strings"

// IsBranch reports whether git takes a name for a branch, as `git
// check-ref-format --branch` does (gitrevisions' @{-1} is no name): parts
// between slashes that are not empty, do not begin with a dot and do not end in
// .lock; no control character, blank, ~ ^ : ? * [ or \, no two dots in a row
// and no @{; no dot at the end and no - in front, which would be a flag; and
// not HEAD.
func IsBranch(name string) bool {
	if strings.HasPrefix(name, "-") || strings.HasSuffix(name, ".") || name == "HEAD" ||
		strings.Contains(name, "..") || strings.Contains(name, "@{") || strings.ContainsFunc(name, notInRefs) {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return true
}

func notInRefs(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`~^:?*[\`, r) }
