package execute

import "syscall"

// ownGroup puts a program into a process group of its own. The kernel kills it
// when skillrun dies: a run that is taken up must not race what it left behind.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
