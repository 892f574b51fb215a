package stdlib

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

func runFormatDate(by *Caller, args []any) (any, error) {
	t, dateOnly, err := by.shown(args, 2)
	if err != nil {
		return nil, err
	}
	if dateOnly { // it is that date, and its offset the one with which it begins
		begins := offset(beginning(t, by.Now.Location()))
		t = t.Add(-begins).In(time.FixedZone("", int(begins/time.Second)))
	}
	w := fuel.NewText(by.Tank)
	err = layoutParts(args[1].(string), func(literal string, letter byte) error {
		part, ok := datePart(t, letter)
		if letter != 0 && !ok {
			return unknownPart(args[1].(string), letter)
		}
		w.Spend(fuel.Cell)
		w.Add(literal, part)
		return w.Err()
	})
	if err != nil {
		return nil, err
	}
	return w.Done()
}

// writable refuses a layout in which no date is written.
func writable(layout string) error {
	return layoutParts(layout, func(_ string, letter byte) error {
		if _, ok := datePart(time.Time{}, letter); letter != 0 && !ok {
			return unknownPart(layout, letter)
		}
		return nil
	})
}

func unknownPart(layout string, letter byte) error {
	return badArgument("the layout %q has an unknown %%%c", types.Clip(layout), letter)
}

// layoutParts cuts a layout into texts, of letter 0, and the letters behind percents.
func layoutParts(layout string, do func(literal string, letter byte) error) error {
	for rest := layout; rest != ""; {
		before, after, found := strings.Cut(rest, "%")
		if before != "" {
			if err := do(before, 0); err != nil {
				return err
			}
		}
		if !found {
			return nil
		}
		if after == "" {
			return badArgument("the layout %q ends in the middle of a %%", types.Clip(layout))
		}
		if err := do("", after[0]); err != nil {
			return err
		}
		rest = after[1:]
	}
	return nil
}

func datePart(t time.Time, letter byte) (string, bool) {
	year, week := t.ISOWeek()
	switch letter {
	case 'G':
		return fmt.Sprintf("%04d", year), true
	case 'V':
		return fmt.Sprintf("%02d", week), true
	case '%':
		return "%", true
	}
	layout, ok := goLayout(letter)
	return t.Format(layout), ok
}

// goLayouts are the letters of the parts and how package time spells each.
const goLayouts = " Y2006 m01 d02 H15 M04 S05 bJan BJanuary aMon AMonday z-07:00 "

// goLayout is how package time spells a part of a date.
func goLayout(letter byte) (string, bool) {
	_, after, ok := strings.Cut(goLayouts, " "+string(rune(letter)))
	layout, _, _ := strings.Cut(after, " ")
	return layout, ok
}

// dateReader reads a date part by part. The parts and their layout in the
// spelling of package time are put side by side, so that nothing in the
// layout's own text is taken for one.
type dateReader struct {
	rest          string
	layout, parts []string
	hours, offset bool
	year, week    string // of a week by ISO 8601, which package time does not read
}

// readable refuses a layout with which no date is read.
func readable(layout string) error {
	letters := ""
	err := layoutParts(layout, func(_ string, letter byte) error {
		_, known := goLayout(letter)
		switch {
		case letter == 0:
			return nil
		case !known && !strings.ContainsRune("%GV", rune(letter)):
			return unknownPart(layout, letter)
		case len(letters) == 20:
			return badArgument("the layout %q has too many parts", types.Clip(layout))
		}
		letters += string(rune(letter))
		return nil
	})
	year, week := strings.Contains(letters, "G"), strings.Contains(letters, "V")
	switch {
	case err != nil:
		return err
	case year != week:
		return badArgument("the layout %q has to have both %%G and %%V: a week belongs to a year of weeks", types.Clip(layout))
	case week && strings.ContainsAny(letters, "YmdbB"):
		return badArgument("the layout %q has both a week and a day", types.Clip(layout))
	}
	return nil
}

func runParseDate(by *Caller, args []any) (any, error) {
	s, layout := args[0].(string), args[1].(string)
	if err := readable(layout); err != nil {
		return nil, err
	}
	z, err := by.zone(args, 2, by.Now.Location())
	if err != nil {
		return nil, err
	}
	bad := badArgument("%q is not a date of the form %q", types.Clip(s), types.Clip(layout))
	r := dateReader{rest: s}
	err = layoutParts(layout, func(literal string, letter byte) error {
		if !r.read(literal, letter) {
			return bad
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if r.rest != "" {
		return nil, bad
	}
	t, parseErr := time.ParseInLocation(strings.Join(r.layout, "|"), strings.Join(r.parts, "|"), time.UTC)
	if r.week != "" && parseErr == nil {
		t, parseErr = onMonday(t, r.year, r.week)
	}
	if parseErr != nil {
		return nil, bad
	}
	if r.hours && !r.offset {
		t, _ = onClocks(t, z)
	}
	return written(t, !r.hours)
}

// onMonday returns the time of t on the first day of a week by ISO 8601: the first
// week of a year is that of its January 4.
func onMonday(t time.Time, year, week string) (time.Time, error) {
	y, yearErr := strconv.Atoi(year)
	w, weekErr := strconv.Atoi(week)
	monday := civilStart(time.Date(y, 1, 4, 0, 0, 0, 0, time.UTC), "week").AddDate(0, 0, 7*(w-1))
	if is, nth := monday.ISOWeek(); yearErr != nil || weekErr != nil || len(year) != 4 || is != y || nth != w {
		return t, errors.New("there is no such week")
	}
	hour, minute, second := t.Clock()
	return time.Date(monday.Year(), monday.Month(), monday.Day(), hour, minute, second, 0, t.Location()), nil
}

func (r *dateReader) read(literal string, letter byte) bool {
	if letter == '%' {
		literal = "%"
	}
	if literal != "" {
		var ok bool
		r.rest, ok = strings.CutPrefix(r.rest, literal)
		return ok
	}
	n := partLength(r.rest, letter)
	if n == 0 {
		return false
	}
	layout, _ := goLayout(letter)
	part := r.rest[:n]
	r.rest = r.rest[n:]
	switch {
	case letter == 'G':
		r.year = part
		return true
	case letter == 'V':
		r.week = part
		return true
	case part == "Z":
		part = "+00:00"
	case letter == 'z' && n == 5:
		part = part[:3] + ":" + part[3:]
	case n == 1:
		part = "0" + part // the first of May is 1 or 01
	}
	r.layout, r.parts = append(r.layout, layout), append(r.parts, part)
	r.hours, r.offset = r.hours || letter == 'H', r.offset || letter == 'z'
	return true
}

// partLength is how much of s belongs to a part.
func partLength(s string, letter byte) int {
	accept, most := func(b byte) bool { return b >= '0' && b <= '9' }, 2
	switch letter {
	case 'Y', 'G':
		most = 4
	case 'b', 'a':
		accept, most = IsLetter, 3
	case 'B', 'A':
		accept, most = IsLetter, 9
	case 'z':
		if strings.HasPrefix(s, "Z") {
			return 1
		}
		accept, most = func(b byte) bool { return b >= '0' && b <= '9' || b == '+' || b == '-' || b == ':' }, 6
	}
	n := 0
	for n < len(s) && n < most && accept(s[n]) {
		n++
	}
	return n
}
