package execute_test

// self starts this test as what it tests.
const self = "/proc/self/exe"
