package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
)

// seedOf lays a new sandbox's files down. To make a world from nothing costs a
// second or two under the race detector, and a hundred tests want one; what is
// in it is the same each time, so it is made once and copied.
func seedOf(t testing.TB, dir string) {
	t.Helper()
	files, err := seedOnce()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if f.mode.IsDir() {
			err = os.MkdirAll(path, f.mode.Perm())
		} else {
			err = os.WriteFile(path, f.text, f.mode.Perm())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// seedFile is a file of a new world.
type seedFile struct {
	name string
	mode fs.FileMode
	text []byte
}

// seedOnce makes a world, closes it, and keeps its files but for those that say
// where it listened and what it was like.
var seedOnce = sync.OnceValues(func() (files []seedFile, err error) {
	dir, err := os.MkdirTemp("", "world")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	w, err := sandbox.Open(context.Background(), sandbox.Options{Dir: dir, Now: func() time.Time { return fixed }})
	if err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		f := seedFile{}
		info, err := d.Info()
		if err == nil {
			f.name, err = filepath.Rel(dir, path)
		}
		switch f.name {
		case "address", "mode.json", "skillrun.yaml", "lock":
			return err
		}
		if f.mode = info.Mode(); err == nil && !d.IsDir() {
			f.text, err = os.ReadFile(path)
		}
		files = append(files, f)
		return err
	})
	return files, err
})
