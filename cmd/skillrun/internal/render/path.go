package render

import (
	"net/url"
	"strings"
)

// ParentOf is the path of what a step stands in: of an item of a loop the loop,
// of a step of a cure the step that is tried again, of any other step the group,
// the item or the call around it. It is "" at the top of the skill.
func ParentOf(path string) string {
	i := strings.LastIndexByte(path, '/')
	if strings.HasSuffix(path, "]") {
		if j := strings.LastIndexByte(path, '['); j > i {
			return path[:j]
		}
	}
	if i < 0 {
		return ""
	}
	parent := path[:i]
	if j := strings.LastIndexByte(parent, '/'); strings.HasPrefix(parent[j+1:], "before.") {
		return parent[:max(j, 0)]
	}
	return parent
}

// KeyOf is the key of the item that a path is of, as people know it; item is
// false when the path is of no item.
func KeyOf(path string) (key string, item bool) {
	if !strings.HasSuffix(path, "]") {
		return "", false
	}
	i := strings.LastIndexByte(path, '[')
	if i <= strings.LastIndexByte(path, '/') {
		return "", false
	}
	raw := path[i+1 : len(path)-1]
	switch key, err := url.PathUnescape(raw); {
	case err != nil:
		return `""`, true // the empty key has no other way of being written
	case strings.TrimSpace(key) == "":
		return `"` + key + `"`, true
	default:
		return key, true
	}
}

// itemAround is the path of the outermost item around a step, or itself; "" for none.
func itemAround(path string) string {
	at := 0
	for segment := range strings.SplitSeq(path, "/") {
		at += len(segment)
		if strings.HasSuffix(segment, "]") {
			return path[:at]
		}
		at++
	}
	return ""
}
