package git

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/types"
)

// refusedName reports whether git keeps no file of this path: one of its names
// is empty, . or .., or some file system would take it for .git. The rules are
// those of verify_path in git's read-cache.c, with the names that HFS+ and NTFS
// confuse counted everywhere, as git fsck on a server counts them. A link may
// not be called .gitmodules either.
func refusedName(path string, link bool) bool {
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." || isDotGit(part) || link && strings.EqualFold(part, ".gitmodules") {
			return true
		}
	}
	return path == "" || strings.ContainsRune(path, 0)
}

// isDotGit reports whether some file system takes a name for .git: HFS+ passes
// over some characters, NTFS over blanks and dots at the end and what follows a
// colon; git~1 is its short form, and a backslash parts its names.
func isDotGit(name string) bool {
	if strings.EqualFold(strings.Map(visible, name), ".git") {
		return true
	}
	for part := range strings.SplitSeq(name, `\`) {
		part, _, _ = strings.Cut(strings.ToLower(part), ":")
		if part = strings.TrimRight(part, ". "); part == ".git" || part == "git~1" {
			return true
		}
	}
	return false
}

// visible drops the characters that HFS+ passes over.
func visible(r rune) rune {
	switch {
	case r >= 0x200c && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x206a && r <= 0x206f, r == 0xfeff:
		return -1
	}
	return r
}

func refused(path string) error {
	return types.Errorf(types.BadInput, "git cannot store a file named %q", path).
		WithHint("no part of a path may be ., .., or .git in any spelling; remove it from the workspace, or give it another name")
}

// pathNames are paths of a repository in workspace.json: one that is no UTF-8,
// which JSON cannot hold, stands there in quotes.
type pathNames []string

func (p pathNames) MarshalJSON() ([]byte, error) {
	out := make([]string, len(p))
	for i, s := range p {
		if !utf8.ValidString(s) || strings.HasPrefix(s, `"`) {
			s = strconv.Quote(s)
		}
		out[i] = s
	}
	return json.Marshal(out)
}

func (p *pathNames) UnmarshalJSON(text []byte) error {
	var out []string
	err := json.Unmarshal(text, &out)
	for i, s := range out {
		if err == nil && strings.HasPrefix(s, `"`) {
			out[i], err = strconv.Unquote(s)
		}
	}
	*p = out
	return err
}
