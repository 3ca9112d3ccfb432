/* Preloaded, it lets MKL take its AVX-512 path on processors that are not Intel's: PyTorch's fp32 products then take half the time. */
int mkl_serv_intel_cpu_true(void) { return 1; }
