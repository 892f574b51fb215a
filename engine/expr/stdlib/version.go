package stdlib

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

// versionFunctions are the functions of semantic versions and of counted names.
func versionFunctions() []Function {
	bumps := types.Type{Kind: types.String, Enum: []string{"major", "minor", "patch"}}
	parts := types.ObjectOf(types.Field{Name: "major", Type: integer, Required: true}, types.Field{Name: "minor", Type: integer, Required: true},
		types.Field{Name: "patch", Type: integer, Required: true}, types.Field{Name: "prerelease", Type: text, Required: true}, types.Field{Name: "build", Type: text, Required: true})
	return []Function{
		Function{Name: "semver_parse", Signature: "semver_parse(text: string) optional {major, minor, patch, prerelease, build}", Doc: "The parts of a semantic version, with or without a v; absent when the text is not a version.",
			Example: `semver_parse("v1.12.0-rc.1")?.minor ?? 0`, Want: `12`, Run: runSemverParse}.plain(parts.Maybe(), text),
		Function{Name: "semver_compare", Signature: "semver_compare(a: string, b: string) integer", Doc: "-1, 0 or 1: whether version a is before, equal to or after b, by semver.org.",
			Example: `semver_compare("1.9.0", "v1.10.0")`, Want: `-1`, Run: runSemverCompare}.plain(integer, inForm(formVersion), inForm(formVersion)),
		Function{Name: "semver_bump", Signature: `semver_bump(version: string, part: "major", "minor" or "patch") string`, Doc: "The next version, without prerelease and build; a v is kept. The patch after a prerelease is its release.",
			Example: `semver_bump("v1.2.3", "minor")`, Want: `"v1.3.0"`, Run: runSemverBump}.plain(text, inForm(formVersion), bumps),
		Function{Name: "semver_sort", Signature: "semver_sort(list<string>) list<string>", Doc: "The versions from the oldest to the newest; it fails if a text is not a version.",
			Example: `last(semver_sort(["v1.10.0", "v1.9.0"])) ?? ""`, Want: `"v1.10.0"`, Form: true, Run: runSemverSort}.plain(types.ListOf(text), types.ListOf(text)),
		Function{Name: "next_name", Signature: "next_name(names: list<string>, base: string) string", Doc: "The base if it is not among the names, else base-v2, or one more than the highest number in use. Only whole names count.",
			Example: `next_name(["release", "release-v2", "release-v3-old"], "release")`, Want: `"release-v3"`, Run: runNextName, Cost: 1}.plain(text, types.ListOf(text), text),
	}
}

type semver struct {
	v                 string // "v" or nothing
	numbers           [3]int
	prerelease, build string
}

func parseSemver(s string) (out semver, ok bool) {
	if strings.HasPrefix(s, "v") {
		out.v, s = "v", s[1:]
	}
	s, out.build, ok = strings.Cut(s, "+")
	if ok && !identifiers(out.build, false) {
		return out, false
	}
	s, out.prerelease, ok = strings.Cut(s, "-")
	if ok && !identifiers(out.prerelease, true) {
		return out, false
	}
	for i := range out.numbers {
		p, rest, more := strings.Cut(s, ".")
		n, err := strconv.Atoi(p)
		if more != (i < 2) || !numeric(p) || leadingZero(p) || err != nil {
			return out, false
		}
		out.numbers[i], s = n, rest
	}
	return out, true
}

// identifiers reports whether s is made of identifiers with points between.
func identifiers(s string, strict bool) bool {
	for id := range strings.SplitSeq(s, ".") {
		valid := id != "" && strings.IndexFunc(id, func(r rune) bool { return r > 'z' || !IsLetter(byte(r)) && (r < '0' || r > '9') && r != '-' }) < 0
		if !valid || strict && numeric(id) && leadingZero(id) {
			return false
		}
	}
	return true
}

func numeric(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func leadingZero(s string) bool { return len(s) > 1 && s[0] == '0' }

func (a semver) compare(b semver) int {
	if c := slices.Compare(a.numbers[:], b.numbers[:]); c != 0 {
		return c
	}
	switch {
	case a.prerelease == b.prerelease:
		return 0
	case a.prerelease == "":
		return 1
	case b.prerelease == "":
		return -1
	}
	for x, y := a.prerelease, b.prerelease; ; {
		i, restX, moreX := strings.Cut(x, ".")
		j, restY, moreY := strings.Cut(y, ".")
		switch c := compareIdentifiers(i, j); {
		case c != 0:
			return c
		case !moreX:
			return -1
		case !moreY:
			return 1
		}
		x, y = restX, restY
	}
}

// compareIdentifiers puts numbers, of any length, before words.
func compareIdentifiers(a, b string) int {
	switch {
	case numeric(a) && numeric(b):
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	case numeric(a):
		return -1
	case numeric(b):
		return 1
	}
	return cmp.Compare(a, b)
}

func version(v any) (semver, error) {
	s, _ := v.(string)
	out, ok := parseSemver(s)
	if !ok {
		return out, badArgument("%q is not a version such as 1.2.3 or v1.2.3-rc.1", types.Clip(s))
	}
	return out, nil
}

func runSemverParse(by *Caller, args []any) (any, error) {
	v, ok := parseSemver(args[0].(string))
	if !ok {
		return nil, nil
	}
	return map[string]any{"major": v.numbers[0], "minor": v.numbers[1], "patch": v.numbers[2], "prerelease": v.prerelease, "build": v.build},
		by.Spend(fuel.Object(5) + 5*fuel.Cell)
}

func runSemverCompare(_ *Caller, args []any) (any, error) {
	a, err := version(args[0])
	if err != nil {
		return nil, err
	}
	b, err := version(args[1])
	return a.compare(b), err
}

func runSemverBump(_ *Caller, args []any) (any, error) {
	v, err := version(args[0])
	if err != nil {
		return nil, err
	}
	n := v.numbers
	switch args[1].(string) {
	case "major":
		n = [3]int{n[0] + 1, 0, 0}
	case "minor":
		n = [3]int{n[0], n[1] + 1, 0}
	case "patch":
		if v.prerelease == "" {
			n[2]++
		}
	}
	if slices.Min(n[:]) < 0 {
		return nil, badArgument("the version after %s does not fit", args[0])
	}
	return v.v + strconv.Itoa(n[0]) + "." + strconv.Itoa(n[1]) + "." + strconv.Itoa(n[2]), nil
}

func runSemverSort(by *Caller, args []any) (any, error) {
	elems, _ := args[0].([]any)
	type versioned struct {
		text any
		semver
	}
	if err := by.Spend(len(elems) * 8 * fuel.Element); err != nil {
		return nil, err
	}
	versions := make([]versioned, len(elems))
	for i, e := range elems {
		v, err := version(e)
		if err != nil {
			return nil, err
		}
		versions[i] = versioned{e, v}
	}
	slices.SortStableFunc(versions, func(a, b versioned) int { return a.compare(b.semver) })
	out := make([]any, len(versions))
	for i, v := range versions {
		out[i] = v.text
	}
	return out, nil
}

func runNextName(_ *Caller, args []any) (any, error) {
	names, base := args[0].([]any), args[1].(string)
	highest := 0
	for _, name := range names {
		rest, ok := strings.CutPrefix(name.(string), base)
		if !ok {
			continue
		}
		if rest == "" {
			highest = max(highest, 1)
			continue
		}
		number, ok := strings.CutPrefix(rest, "-v")
		// A number beyond nine digits is no version that someone counted up to.
		if !ok || !numeric(number) || number[0] == '0' || len(number) > 9 {
			continue
		}
		n, _ := strconv.Atoi(number)
		highest = max(highest, n)
	}
	if highest == 0 {
		return base, nil
	}
	return base + "-v" + strconv.Itoa(highest+1), nil
}
