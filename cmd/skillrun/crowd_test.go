package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestCrowd starts the same release many times at once.
func TestCrowd(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it runs processes for seconds")
	}
	sizes := []int{3}
	if fullSweep() {
		sizes = []int{2, 16, 16, 16}
	}
	k := newKiller(t)
	for _, n := range sizes {
		if err := k.renew(false); err != nil {
			t.Fatal(err)
		}
		for i, r := range k.crowd(t, n, func(int) string { return k.home }) {
			if r.code != 0 {
				t.Errorf("%d at once, number %d: exit %d\n%s", n, i, r.code, r.log)
			}
		}
		if err := k.complete(); err != nil {
			t.Errorf("%d at once on one state folder: %v", n, err)
		}
		t.Logf("%d at once on one state folder: one of each", n)
	}
	n := sizes[len(sizes)-1]
	for _, locked := range []bool{true, false} {
		if err := k.renew(false); err != nil {
			t.Fatal(err)
		}
		k.apart(t, n, locked)
	}
}

// apart starts the release on state folders of their own, as on as many
// machines. With the lock in git there is one of everything; without it there
// is one branch, commit and merge request, and as many issues as were filed
// before one of them could be found.
func (k *killer) apart(t *testing.T, n int, locked bool) {
	conf := k.conf
	defer func() { k.conf = conf }()
	if locked {
		text, err := os.ReadFile(conf)
		if err != nil {
			t.Fatal(err)
		}
		k.conf = filepath.Join(filepath.Dir(conf), "locked.yaml")
		line := "  lock_repo: " + k.world.URL() + "/git/release-bot/app-interface.git\n"
		if err := os.WriteFile(k.conf, append(text, line...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	home := func(i int) string { return filepath.Join(k.home, fmt.Sprint("machine", i)) }
	codes := map[int]int{}
	for i, r := range k.crowd(t, n, home) {
		if codes[r.code]++; r.code != 0 && r.code != 1 && r.code != 3 {
			t.Errorf("%d machines, number %d: exit %d\n%s", n, i, r.code, r.log)
		}
	}
	got := k.count(k.view()).above(k.seed)
	issues := got.Issues
	if !locked {
		got.Issues = min(got.Issues, 1)
		got.Links = min(got.Links, 1)
	}
	if got != oneOfEach {
		t.Errorf("%d machines, locked %v: there are %+v", n, locked, got)
	}
	if locked {
		if err := k.complete(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d machines at once, with the lock in git: %v; exit codes %v; %d issues, one of everything else", n, locked, codes, issues)
}

// crowd starts n processes at once and waits for all.
func (k *killer) crowd(t *testing.T, n int, home func(int) string) []result {
	out := make([]result, n)
	var all sync.WaitGroup
	for i := range n {
		one := &killer{arena: &arena{world: k.world, conf: k.conf, home: home(i)}, bin: k.bin}
		if err := os.MkdirAll(one.home, 0o700); err != nil {
			t.Fatal(err)
		}
		all.Go(func() { out[i] = one.exec(t.Context(), "", k.again()...) })
	}
	all.Wait()
	return out
}
