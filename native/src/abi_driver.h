// The functions of the CUDA driver that the helper calls.
//
// X(name, since, arguments): `since` is the interface version that introduced the signature written
// here; it is the newest one up to `driver_interface`, and the driver is asked for exactly that
// interface, so a newer driver with another signature of the same name cannot be called by mistake.
// All of them return a status.
#pragma once

#include "abi_types.h"

#define TOPC_DRIVER_FUNCTIONS(X)                                                                 \
  X(cuInit, 2000, (unsigned flags))                                                              \
  X(cuDriverGetVersion, 2020, (int *version))                                                    \
  X(cuGetErrorName, 6000, (status error, const char **name))                                     \
  X(cuGetErrorString, 6000, (status error, const char **text))                                   \
  X(cuDeviceGetCount, 2000, (int *count))                                                        \
  X(cuDeviceGet, 2000, (device * device, int ordinal))                                           \
  X(cuDeviceGetName, 2000, (char *name, int length, device device))                              \
  X(cuDeviceGetAttribute, 2000, (int *value, int attribute, device device))                      \
  X(cuDeviceTotalMem, 3020, (std::size_t * bytes, device device))                                \
  X(cuDevicePrimaryCtxRetain, 7000, (context * context, device device))                          \
  X(cuCtxSetCurrent, 4000, (context context))                                                    \
  X(cuCtxSynchronize, 2000, ())                                                                  \
  X(cuMemGetInfo, 3020, (std::size_t * free_bytes, std::size_t * total_bytes))                   \
  X(cuMemAlloc, 3020, (device_ptr * address, std::size_t bytes))                                 \
  X(cuMemFree, 3020, (device_ptr address))                                                       \
  X(cuMemAllocHost, 3020, (void **address, std::size_t bytes))                                   \
  X(cuMemFreeHost, 2000, (void *address))                                                        \
  X(cuMemcpyHtoD, 3020, (device_ptr to, const void *from, std::size_t bytes))                    \
  X(cuMemcpyDtoH, 3020, (void *to, device_ptr from, std::size_t bytes))                          \
  X(cuMemcpyDtoDAsync, 3020,                                                                     \
    (device_ptr to, device_ptr from, std::size_t bytes, stream stream))                          \
  X(cuMemcpyHtoDAsync, 3020,                                                                     \
    (device_ptr to, const void *from, std::size_t bytes, stream stream))                         \
  X(cuMemcpyDtoHAsync, 3020, (void *to, device_ptr from, std::size_t bytes, stream stream))      \
  X(cuMemsetD8, 3020, (device_ptr address, unsigned char value, std::size_t bytes))              \
  X(cuMemsetD8Async, 3020,                                                                       \
    (device_ptr address, unsigned char value, std::size_t bytes, stream stream))                 \
  X(cuStreamCreate, 2000, (stream * stream, unsigned flags))                                     \
  X(cuStreamCreateWithPriority, 5050, (stream * stream, unsigned flags, int priority))           \
  X(cuCtxGetStreamPriorityRange, 5050, (int *least, int *greatest))                              \
  X(cuStreamDestroy, 4000, (stream stream))                                                      \
  X(cuStreamSynchronize, 2000, (stream stream))                                                  \
  X(cuStreamWaitEvent, 3020, (stream stream, event event, unsigned flags))                       \
  X(cuStreamBeginCapture, 10010, (stream stream, int mode))                                      \
  X(cuStreamEndCapture, 10000, (stream stream, graph * graph))                                   \
  X(cuEventCreate, 2000, (event * event, unsigned flags))                                        \
  X(cuEventDestroy, 4000, (event event))                                                         \
  X(cuEventRecord, 2000, (event event, stream stream))                                           \
  X(cuEventSynchronize, 2000, (event event))                                                     \
  X(cuEventElapsedTime, 2000, (float *milliseconds, event start, event end))                     \
  X(cuModuleLoadData, 2000, (module * module, const void *image))                                \
  X(cuModuleUnload, 2000, (module module))                                                       \
  X(cuModuleGetFunction, 2000, (function * function, module module, const char *name))           \
  X(cuFuncGetAttribute, 2020, (int *value, int attribute, function function))                    \
  X(cuFuncSetAttribute, 9000, (function function, int attribute, int value))                     \
  X(cuLaunchKernel, 4000,                                                                        \
    (function function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,     \
     unsigned block_y, unsigned block_z, unsigned shared_bytes, stream stream, void **args,      \
     void **extra))                                                                              \
  X(cuOccupancyMaxActiveBlocksPerMultiprocessor, 6050,                                           \
    (int *blocks, function function, int threads, std::size_t shared_bytes))                     \
  X(cuGraphInstantiateWithFlags, 11040,                                                          \
    (graph_exec * exec, graph graph, unsigned long long flags))                                  \
  X(cuGraphNodeSetEnabled, 11060, (graph_exec exec, graph_node node, unsigned is_enabled))       \
  X(cuGraphUpload, 11010, (graph_exec exec, stream stream))                                      \
  X(cuGraphLaunch, 10000, (graph_exec exec, stream stream))                                      \
  X(cuGraphExecDestroy, 10000, (graph_exec exec))                                                \
  X(cuGraphDestroy, 10000, (graph graph))                                                        \
  X(cuGraphGetNodes, 10000, (graph graph, graph_node * nodes, std::size_t * count))              \
  X(cuGraphNodeGetDependencies, 10000,                                                           \
    (graph_node node, graph_node * before, std::size_t * count))                                 \
  X(cuGraphNodeGetType, 10000, (graph_node node, int *type))                                     \
  X(cuGraphKernelNodeGetParams, 12000, (graph_node node, kernel_node_params * params))           \
  X(cuKernelGetFunction, 12000, (function * function, kernel kernel))

// Functions that older drivers lack and that the helper can do without: X(name, symbol, since,
// arguments), where `symbol` is the name that is looked up. It is looked up only if the driver is
// of that interface or newer: an older one may have a function of that name with other arguments.
#define TOPC_DRIVER_OPTIONAL_FUNCTIONS(X)                                                        \
  X(cuFuncGetName, cuFuncGetName, 12030, (const char **name, function function))                 \
  X(cuGraphNodeGetDependencies_v2, cuGraphNodeGetDependencies, 12030,                            \
    (graph_node node, graph_node * before, graph_edge * edges, std::size_t * count))

namespace topc::abi {

#define TOPC_DECLARE(name, since, args) using name##_t = status(*) args;
TOPC_DRIVER_FUNCTIONS(TOPC_DECLARE)
#undef TOPC_DECLARE
#define TOPC_DECLARE(name, symbol, since, args) using name##_t = status(*) args;
TOPC_DRIVER_OPTIONAL_FUNCTIONS(TOPC_DECLARE)
#undef TOPC_DECLARE

// cuGetProcAddress of interface 12.0: it finds all of the above.
using cuGetProcAddress_t = status (*)(const char *symbol, void **found, int interface,
                                      std::uint64_t flags, int *why);

}  // namespace topc::abi
