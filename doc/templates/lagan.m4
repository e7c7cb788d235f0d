dnl SPDX-License-Identifier: Apache-2.0
dnl lagan.m4 - what a driver of lagan that lives in a tree of its own needs in configure.ac.
dnl
dnl LAGAN_DRIVER_INIT([MAJOR.MINOR])
dnl
dnl Finds lagan's headers and its folder of drivers with pkg-config, and ends configure with a
dnl sentence when they are not there or are older than the interface MAJOR.MINOR that the driver is
dnl written for (1.0 when left out).  Call it behind AC_PROG_CC.  For Makefile.am it sets
dnl
dnl     LAGAN_CFLAGS     to compile with: where the headers are, and what every module needs
dnl     LAGAN_LDFLAGS    to link with: a module without undefined symbols
dnl     lagandriverdir   where modules go; configure --with-lagan-driver-dir=DIR changes it
dnl     LAGAN            the program lagan, for tests; empty when it was not found
dnl
dnl Without libtool:
dnl
dnl     driverdir = $(lagandriverdir)
dnl     driver_PROGRAMS = tgt_demo.so
dnl     tgt_demo_so_SOURCES = tgt_demo.c
dnl     tgt_demo_so_CFLAGS = $(LAGAN_CFLAGS)
dnl     tgt_demo_so_LDFLAGS = $(LAGAN_LDFLAGS)
dnl
dnl With libtool, take `-module -avoid-version -shared' instead of LAGAN_LDFLAGS.
AC_DEFUN([LAGAN_DRIVER_INIT],
[AC_REQUIRE([AC_PROG_CC])dnl
AC_REQUIRE([PKG_PROG_PKG_CONFIG])dnl
AC_ARG_WITH([lagan-driver-dir],
    [AS_HELP_STRING([--with-lagan-driver-dir=DIR],
                    [install the driver there, not where lagan looks for drivers])],
    [lagandriverdir=$withval], [lagandriverdir=])
PKG_CHECK_MODULES([LAGAN], [lagan-driver], [],
    [AC_MSG_ERROR([lagan-driver.pc was not found: install lagan with its headers, or set PKG_CONFIG_PATH])])
lagan_abi_wanted=m4_default([$1], [1.0])
lagan_abi_major=`$PKG_CONFIG --variable=abi_major lagan-driver`
lagan_abi_minor=`$PKG_CONFIG --variable=abi_minor lagan-driver`
AC_MSG_CHECKING([for lagan's driver interface >= $lagan_abi_wanted])
AC_MSG_RESULT([$lagan_abi_major.$lagan_abi_minor])
AS_IF([test "x$lagan_abi_major" != "x${lagan_abi_wanted%.*}" ||
       test "$lagan_abi_minor" -lt "${lagan_abi_wanted@%:@*.}"],
    [AC_MSG_ERROR([the driver is written for version $lagan_abi_wanted of lagan's driver interface, and the headers are of version $lagan_abi_major.$lagan_abi_minor])])
AS_IF([test -z "$lagandriverdir"],
    [lagandriverdir=`$PKG_CONFIG --variable=driverdir lagan-driver`])
LAGAN_CFLAGS="$LAGAN_CFLAGS -fPIC -fvisibility=hidden"
LAGAN_LDFLAGS='-shared -Wl,-z,defs -Wl,-z,now'
lagan_bindir=`$PKG_CONFIG --variable=bindir lagan-driver`
AC_PATH_PROG([LAGAN], [lagan], [], [$lagan_bindir$PATH_SEPARATOR$PATH])
AC_SUBST([lagandriverdir])
AC_SUBST([LAGAN_LDFLAGS])dnl
])
