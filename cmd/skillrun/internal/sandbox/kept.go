package sandbox

import (
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
)

const (
	configName  = "skillrun.yaml"
	writtenName = "skillrun.written" // what the sandbox wrote there the last time
)

// configure writes the configuration that points at the world. What a person
// has added to it, or changed in it, stays.
func (w *World) configure() error {
	ours := w.config()
	theirs, err := w.o.read(configName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	before, err := w.o.read(writtenName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if text := keep(string(theirs), string(before), ours); text != string(theirs) {
		if err := w.o.write(configName, []byte(text)); err != nil {
			return err
		}
	}
	return w.o.write(writtenName, []byte(ours)) // last: until then, the same is done again
}

var worldURL = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`https?://[^/,} ]+`) })

// keep brings a configuration up to date: before is what the sandbox wrote the
// last time, and theirs what a person has made of it. A line of the sandbox's
// that is as it was becomes what it is now; one that a person has changed only
// follows the world's address; one that they have taken out stays out.
func keep(theirs, before, now string) string {
	if theirs == "" || before == "" || theirs == before {
		return now
	}
	if from, to := worldURL().FindString(before), worldURL().FindString(now); from != "" {
		theirs, before = strings.ReplaceAll(theirs, from, to), strings.ReplaceAll(before, from, to)
	}
	lines, old, last := strings.Split(theirs, "\n"), strings.Split(before, "\n"), -1
	for _, line := range strings.Split(now, "\n") {
		if i := slices.Index(lines, line); i >= 0 {
			last = i
			continue
		}
		same := func(other string) bool { return keyOf(line) != "" && keyOf(other) == keyOf(line) }
		switch i := slices.IndexFunc(lines, same); {
		case i >= 0 && slices.Contains(old, lines[i]):
			lines[i], last = line, i
		case i >= 0:
			last = i
		case keyOf(line) != "" && !slices.ContainsFunc(old, same):
			last++
			lines = slices.Insert(lines, last, line)
		}
	}
	return strings.Join(lines, "\n")
}

// keyOf is a line's key with the blanks before it, "" when it has none.
func keyOf(line string) string {
	key, _, ok := strings.Cut(line, ":")
	if !ok || strings.HasPrefix(strings.TrimSpace(line), "#") {
		return ""
	}
	return key
}
