package execute

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// process is what the kernel tells of one.
type process struct {
	pid, parent, group int
	start              string // when it began, in ticks since the machine did
}

// tell signals all that descends from a process, which leads its group, group by
// group, so that no member of one escapes by starting another.
func tell(own int, s syscall.Signal) {
	told := map[int]bool{own: true}
	for _, p := range descendants(own) {
		if p.group == own {
			_ = syscall.Kill(p.pid, s)
		}
		if !told[p.group] {
			told[p.group] = true
			_ = syscall.Kill(-p.group, s)
		}
	}
}

// strike kills the children of a process at once, as the kernel lists them.
func strike(of int) {
	lists, _ := filepath.Glob("/proc/" + strconv.Itoa(of) + "/task/*/children")
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for word := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(word); err == nil {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
}

// descendants are those of a process, nearest first.
func descendants(of int) []process {
	children := map[int][]process{}
	for _, pid := range pids() {
		if p, ok := processOf(pid); ok {
			children[p.parent] = append(children[p.parent], p)
		}
	}
	out := children[of]
	for i := 0; i < len(out); i++ {
		out = append(out, children[out[i].pid]...)
	}
	return out
}

// pids are the processes of this machine that can be seen.
func pids() []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var out []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			out = append(out, pid)
		}
	}
	return out
}

// processOf reads what stands behind the name, which may hold anything: state,
// parent, group, and as the twentieth the time of its start.
func processOf(pid int) (process, bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if err != nil || len(f) < 20 {
		return process{}, false
	}
	parent, _ := strconv.Atoi(f[1])
	group, _ := strconv.Atoi(f[2])
	return process{pid, parent, group, f[19]}, true
}

// atWork are the processes of this user that watch over a program of the effect with
// the key, or come of one: the variable says so where its watcher was killed.
func atWork(key string) []int {
	var out []int
	for _, pid := range pids() {
		dir := "/proc/" + strconv.Itoa(pid)
		line, err := os.ReadFile(dir + "/cmdline")
		watches := err == nil && bytes.HasSuffix(line, []byte("\x00"+supervising+"\x00"+key+"\x00"))
		if !watches {
			set, _ := os.ReadFile(dir + "/environ")
			watches = pid != os.Getpid() && bytes.Contains(append([]byte{0}, set...), []byte("\x00"+effectVariable+"="+key+"\x00"))
		}
		var stat syscall.Stat_t
		if watches && syscall.Stat(dir, &stat) == nil && int(stat.Uid) == os.Getuid() {
			out = append(out, pid)
		}
	}
	return out
}
