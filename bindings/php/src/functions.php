<?php
/*
 * TLS sockets for ext-sockets. That extension sets options that are numbers, and connects to addresses it knows; options
 * that are strings, and connecting by name, go through FFI, with the descriptor of the socket.
 */

declare(strict_types=1);

namespace SSA;

require_once __DIR__ . '/constants.php';

/** A call on a TLS socket that did not work: the code is the errno, the message has the text of TLS_ERROR. */
final class SocketError extends \RuntimeException
{
}

/** libc, as far as it is needed. */
function libc(): \FFI
{
    static $libc = null;
    return $libc ??= \FFI::cdef('
        int setsockopt(int fd, int level, int name, const char *value, unsigned int size);
        int getsockopt(int fd, int level, int name, char *value, unsigned int *size);
        int connect(int fd, const char *address, unsigned int size);
        extern int *__errno_location(void);
        char *strerror(int errnum);
    ', 'libc.so.6');
}

/** The descriptors of sockets, which ext-sockets does not tell. */
function descriptors(): \WeakMap
{
    static $map = null;
    return $map ??= new \WeakMap();
}

/** The descriptors that are open now. */
function open_descriptors(): array
{
    return array_filter(scandir('/proc/self/fd'), fn ($fd) => is_numeric($fd) && @readlink("/proc/self/fd/$fd") !== false
        && str_starts_with((string) @readlink("/proc/self/fd/$fd"), 'socket:'));
}

/** Calls what makes one socket, and remembers its descriptor. */
function remember(callable $make): \Socket|false
{
    $before = open_descriptors();
    $socket = $make();
    if ($socket === false) {
        return false;
    }
    $new = array_values(array_diff(open_descriptors(), $before));
    if (count($new) !== 1) {
        throw new SocketError('cannot tell the descriptor of a new socket: another thread opens sockets too');
    }
    descriptors()[$socket] = (int) $new[0];
    return $socket;
}

/** Makes a TLS socket: one for socket_bind, socket_listen, socket_read, socket_write, socket_select, socket_close. */
function socket(int $domain = AF_INET): \Socket
{
    $socket = remember(fn () => @\socket_create($domain, SOCK_STREAM, IPPROTO_TLS));
    if ($socket === false) {
        throw new SocketError('socket: ' . \socket_strerror(\socket_last_error()) . ': is the program started with "ssa run"?',
            \socket_last_error());
    }
    return $socket;
}

/** Accepts a connection whose handshake is over. */
function accept(\Socket $listener): \Socket
{
    $socket = remember(fn () => @\socket_accept($listener));
    if ($socket === false) {
        throw failure($listener, 'accept', \socket_last_error($listener));
    }
    return $socket;
}

/** Sets an option to a string or a number. */
function set_option(\Socket $socket, int $option, string|int $value): void
{
    $bytes = is_int($value) ? pack('i', $value) : $value;
    if (libc()->setsockopt(descriptors()[$socket], IPPROTO_TLS, $option, $bytes, strlen($bytes)) < 0) {
        throw failure($socket, "set option $option", errno());
    }
}

/** Reads an option that is a string. */
function get_option(\Socket $socket, int $option): string
{
    $size = 256 << 10;
    $value = libc()->new("char[$size]");
    $length = libc()->new('unsigned int');
    $length->cdata = $size;
    if (libc()->getsockopt(descriptors()[$socket], IPPROTO_TLS, $option, $value, \FFI::addr($length)) < 0) {
        throw new SocketError("get option $option: " . \socket_strerror(errno()), errno());
    }
    return rtrim(\FFI::string($value, min($length->cdata, $size)), "\0");
}

/** Reads an option that is a number. */
function get_int(\Socket $socket, int $option): int
{
    return \socket_get_option($socket, IPPROTO_TLS, $option);
}

/** Connects to a host by its name, which the service looks up and the server must prove. */
function connect(\Socket $socket, string $host, int $port): void
{
    $address = pack('Sna*x', AF_HOSTNAME, $port, $host);
    if (libc()->connect(descriptors()[$socket], $address, strlen($address)) < 0) {
        throw failure($socket, "connect to $host", errno());
    }
}

function errno(): int
{
    return libc()->__errno_location()[0];
}

function failure(\Socket $socket, string $call, int $errno): SocketError
{
    return new SocketError("$call: " . \socket_strerror($errno) . ': ' . get_option($socket, TLS_ERROR), $errno);
}
