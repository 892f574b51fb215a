// Castsvg turns screens captured from a terminal into a recording that
// asciinema plays, and into a picture. `.ci/record` captures the screens.
//
//	castsvg -width 100 -height 40 -cast docs/release.cast -svg docs/release.svg FOLDER
//
// FOLDER holds one file a screen, named by its time in milliseconds, with the
// colours as escape sequences.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// screen is what stood on the terminal at a time.
type screen struct {
	at    int // milliseconds since the first
	lines []string
}

func main() {
	width := flag.Int("width", 100, "columns")
	height := flag.Int("height", 40, "lines")
	cast := flag.String("cast", "", "write the recording to this `file`")
	svg := flag.String("svg", "", "write the picture to this `file`")
	mark := flag.String("mark", "", "the picture shows the first screen with this `text`, and the last of all")
	flag.Parse()
	if err := run(flag.Arg(0), *width, *height, *cast, *svg, *mark); err != nil {
		fmt.Fprintln(os.Stderr, "castsvg:", err)
		os.Exit(1)
	}
}

func run(dir string, width, height int, cast, svg, mark string) error {
	screens, err := read(dir)
	if err != nil {
		return err
	}
	if cast != "" {
		if err := os.WriteFile(cast, recording(screens, width, height), 0o644); err != nil {
			return err
		}
	}
	if svg == "" {
		return nil
	}
	shown := screens[len(screens)-1:]
	marked := func(s screen) bool { return mark != "" && strings.Contains(strings.Join(s.lines, "\n"), mark) }
	if i := slices.IndexFunc(screens, marked); i >= 0 {
		shown = []screen{screens[i], shown[0]}
	}
	return os.WriteFile(svg, picture(shown, width), 0o644)
}

// read returns the screens of a folder in order, each that differs from the last.
func read(dir string) ([]screen, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var screens []screen
	for _, e := range entries {
		at, err := strconv.Atoi(strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())))
		if err != nil {
			return nil, fmt.Errorf("%s is not named by a time in milliseconds", e.Name())
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		screens = append(screens, screen{at, strings.Split(strings.TrimRight(string(text), "\n"), "\n")})
	}
	slices.SortFunc(screens, func(a, b screen) int { return a.at - b.at })
	screens = slices.CompactFunc(screens, func(a, b screen) bool { return slices.Equal(a.lines, b.lines) })
	if len(screens) == 0 {
		return nil, fmt.Errorf("no screens in %s", dir)
	}
	begin := screens[0].at
	for i := range screens {
		screens[i].at -= begin
	}
	return screens, nil
}

// recording is an asciicast, version 2: each screen drawn again over the last.
func recording(screens []screen, width, height int) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(map[string]any{"version": 2, "width": width, "height": height, "title": "skillrun"}) // to memory
	for _, s := range screens {
		e.Encode([]any{float64(s.at) / 1000, "o", "\x1b[H\x1b[2J" + strings.Join(s.lines, "\r\n")})
	}
	return b.Bytes()
}
