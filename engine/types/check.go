package types

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Check reports why v is not of type t, naming the member that is wrong, or
// nil. An Unknown is accepted everywhere: it will be checked when it is known.
func (t Type) Check(v any) error { return t.check("", v) }

func (t Type) check(at string, v any) error {
	switch v.(type) {
	case Unknown, PartlyUnknown:
		return nil
	}
	if v == nil {
		if t.Optional || t.Kind == Any {
			return nil
		}
		return fail(at, "is missing")
	}
	switch t.Kind {
	case Any:
		return nil
	case String:
		return t.checkString(at, v)
	case Integer, Number:
		return t.checkNumber(at, v)
	case Boolean:
		if _, ok := v.(bool); !ok {
			return t.mismatch(at, v)
		}
	case SecretKind:
		if !isSecret(v) {
			return t.mismatch(at, v)
		}
	case List:
		return t.checkList(at, v)
	case Map:
		return t.checkMap(at, v)
	case Object:
		return t.checkObject(at, v)
	}
	return nil
}

func (t Type) checkString(at string, v any) error {
	s, ok := v.(string)
	if !ok {
		return t.mismatch(at, v)
	}
	if !utf8.ValidString(s) {
		return fail(at, "is not UTF-8 text")
	}
	if len(t.Enum) > 0 && !slices.Contains(t.Enum, s) {
		return fail(at, "is %q, not one of %s", Clip(s), strings.Join(t.Enum, ", "))
	}
	if t.Pattern != "" {
		if err := checkPattern(at, t.Pattern, s); err != nil {
			return err
		}
	}
	return checkFormat(at, t.Format, s)
}

// Formats returns the formats that are checked: those of JSON Schema, and
// git-branch, see [IsBranch].
func Formats() []string { return []string{"date", "date-time", "uri", "duration", "git-branch"} }

// formatHints say more of a format than its name does.
var formatHints = map[string]string{"date": " (YYYY-MM-DD)", "git-branch": ": git does not accept this name for a branch"}

func checkFormat(at, format, s string) error {
	var err error
	switch format {
	case "date":
		_, err = time.Parse(time.DateOnly, s)
	case "date-time":
		_, err = time.Parse(time.RFC3339, s)
	case "uri":
		var u *url.URL
		if u, err = url.Parse(s); err == nil && u.Scheme == "" {
			err = fmt.Errorf("no scheme")
		}
	case "duration":
		_, err = ParseDuration(s)
	case "git-branch":
		if !IsBranch(s) {
			err = fmt.Errorf("no branch")
		}
	}
	if err != nil {
		return fail(at, "is %q, not a %s%s", Clip(s), format, formatHints[format])
	}
	return nil
}

func (t Type) checkNumber(at string, v any) error {
	var f float64
	switch n := v.(type) {
	case int:
		f = float64(n)
	case float64:
		if t.Kind == Integer {
			return t.mismatch(at, v)
		}
		f = n
	default:
		return t.mismatch(at, v)
	}
	if t.Minimum != nil && f < float64(*t.Minimum) {
		return fail(at, "is %v, less than %d", v, *t.Minimum)
	}
	if t.Maximum != nil && f > float64(*t.Maximum) {
		return fail(at, "is %v, more than %d", v, *t.Maximum)
	}
	return nil
}

func (t Type) checkList(at string, v any) error {
	list, ok := v.([]any)
	if !ok {
		return t.mismatch(at, v)
	}
	for i, e := range list {
		if t.Elem == nil {
			break
		}
		if err := t.Elem.check(at+"["+strconv.Itoa(i)+"]", e); err != nil {
			return err
		}
	}
	return nil
}

func (t Type) checkMap(at string, v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return t.mismatch(at, v)
	}
	for _, k := range SortedKeys(m) {
		if t.Elem == nil {
			break
		}
		if err := t.Elem.check(join(at, k), m[k]); err != nil {
			return err
		}
	}
	return nil
}

func (t Type) checkObject(at string, v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return t.mismatch(at, v)
	}
	for _, f := range t.Fields {
		e, given := m[f.Name]
		if (!given || e == nil) && !f.Required {
			continue
		}
		if err := f.Type.check(join(at, f.Name), e); err != nil {
			return err
		}
	}
	for _, k := range SortedKeys(m) {
		_, ok := t.Field(k)
		switch {
		case ok:
		case t.Elem == nil:
			return fail(join(at, k), "is not known")
		case m[k] != nil:
			if err := t.Elem.check(join(at, k), m[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t Type) mismatch(at string, v any) error {
	return fail(at, "is %s, not %s", describe(v), article(t.Present()))
}

// fail begins a message with the member it is about; at the root the caller
// names the value, so the verb comes first.
func fail(at, format string, args ...any) error {
	msg := fmt.Sprintf(format, args...)
	if at == "" {
		return fmt.Errorf("%s", msg)
	}
	return fmt.Errorf("%s %s", at, msg)
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

// KindOf returns the type of a value as far as the value alone tells it.
func KindOf(v any) Kind {
	switch v.(type) {
	case string:
		return String
	case int:
		return Integer
	case float64:
		return Number
	case bool:
		return Boolean
	case []any:
		return List
	case map[string]any:
		return Object
	case Secret:
		return SecretKind
	}
	return Any
}

func describe(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("the text %q", Clip(v))
	case bool, int, float64:
		return fmt.Sprintf("the %s %v", KindOf(v), v)
	}
	return article(Type{Kind: KindOf(v)})
}

// ParseDuration reads "90s", "5m", "36h" or "3d"; units may be combined.
// A day is 24 hours.
func ParseDuration(s string) (time.Duration, error) {
	days, rest, found := strings.Cut(s, "d")
	if !found {
		return time.ParseDuration(s)
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration such as 90s, 5m or 3d", s)
	}
	d := time.Duration(n) * 24 * time.Hour
	if rest == "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	return d + more, err
}

// elsewhereDuration is a duration as people and other programs write it.
var elsewhereDuration = Pattern(`^\s*([0-9]+)\s*(w|weeks?|d|days?|h|hours?|hrs?|m|mins?|minutes?|s|secs?|seconds?|)\s*$`)

// DurationHint says how a duration is written that does not parse.
func DurationHint(s string) string {
	m := elsewhereDuration().FindStringSubmatch(strings.ToLower(s))
	if m == nil {
		return "write a number with s, m, h or d behind it, also several: 90s, 1h30m, 3d; a week is 7d"
	}
	n, unit := m[1], m[2]
	if strings.Trim(n, "0") == "" {
		return "it is longer than nothing, such as 90s"
	}
	if unit == "" {
		return "write its unit: " + n + "s, " + n + "m, " + n + "h or " + n + "d"
	}
	if unit[0] == 'w' {
		weeks, err := strconv.Atoi(n)
		if err != nil || weeks > 1000 {
			return "a week is 7d"
		}
		return "write " + strconv.Itoa(7*weeks) + "d"
	}
	return "write " + n + unit[:1]
}

// Parse reads what a person typed for a value of this type: the text itself
// for a string, JSON for lists and objects, true or false for a boolean. The
// result is checked.
func (t Type) Parse(text string) (any, error) {
	v, err := t.parse(text)
	if err != nil {
		return nil, err
	}
	return v, t.Check(v)
}

func (t Type) parse(text string) (any, error) {
	switch t.Kind {
	case String:
		return text, nil
	case Boolean:
		switch text {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return nil, fmt.Errorf("is %q, not true or false", Clip(text))
	case Integer:
		n, err := strconv.Atoi(text)
		if errors.Is(err, strconv.ErrRange) {
			return nil, fmt.Errorf("is %q, which does not fit an integer of 64 bits", Clip(text))
		}
		if err != nil {
			return nil, fmt.Errorf("is %q, not an integer", Clip(text))
		}
		return n, nil
	case Any:
		if v, err := Read([]byte(text)); err == nil {
			return v, nil
		}
		return text, nil
	}
	v, err := Read([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("is %q, not %s in JSON", Clip(text), article(t))
	}
	return v, nil
}

// Defaults returns the object v with every default filled in that v does not
// give, also in what it holds. v is not changed.
func (t Type) Defaults(v map[string]any) map[string]any {
	out := make(map[string]any, len(t.Fields))
	maps.Copy(out, v)
	for _, f := range t.Fields {
		x, given := out[f.Name]
		switch {
		case given:
			out[f.Name] = f.Type.Filled(x)
		case f.Default != nil:
			out[f.Name] = f.Type.Filled(f.Default)
		}
	}
	return out
}

// Filled returns v with the defaults of all objects in it. v is not changed.
func (t Type) Filled(v any) any {
	if !t.hasDefaults() {
		return v
	}
	switch v := v.(type) {
	case map[string]any:
		if t.Kind == Object {
			return t.Defaults(v)
		}
		if t.Kind == Map {
			out := make(map[string]any, len(v))
			for k, x := range v {
				out[k] = t.Elem.Filled(x)
			}
			return out
		}
	case []any:
		if t.Kind == List {
			out := make([]any, len(v))
			for i, x := range v {
				out[i] = t.Elem.Filled(x)
			}
			return out
		}
	}
	return v
}

func (t Type) hasDefaults() bool {
	return t.Elem != nil && t.Elem.hasDefaults() || slices.ContainsFunc(t.Fields, func(f Field) bool { return f.Default != nil || f.Type.hasDefaults() })
}

func checkPattern(at, pattern, s string) error {
	_, size, err := ParsePattern(pattern)
	var re *regexp.Regexp
	if err == nil {
		re, err = regexp.Compile(pattern)
	}
	switch {
	case err != nil:
		return fail(at, "has a pattern that is not a regular expression: %v", err)
	case len(s) > maxMatch/size:
		return fail(at, "has %d bytes, which are too many to check against its pattern %s", len(s), Clip(pattern))
	case !re.MatchString(s):
		return fail(at, "is %q, which does not match %s", Clip(s), pattern)
	}
	return nil
}
