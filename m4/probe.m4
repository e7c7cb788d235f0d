dnl SPDX-License-Identifier: Apache-2.0
dnl Collecting missing libraries, and trying compiler and linker flags one by one.

dnl LAGAN_MISSING(WHAT, DEBIAN-PACKAGE): remembers that something is missing.
AC_DEFUN([LAGAN_MISSING], [
    AC_MSG_WARN([$1 is missing: it is in the Debian package $2])
    lagan_missing="$lagan_missing $2"])

dnl LAGAN_NEED(PREFIX, MODULE, DEBIAN-PACKAGE): a pkg-config module that the build cannot do without.
AC_DEFUN([LAGAN_NEED], [PKG_CHECK_MODULES([$1], [$2], [], [LAGAN_MISSING([$2], [$3])])])

dnl LAGAN_NEED_REPORT: stops when something was missing, and says what to install.
AC_DEFUN([LAGAN_NEED_REPORT],
    [AS_IF([test -n "$lagan_missing"],
        [AC_MSG_ERROR([libraries are missing.  On Debian: apt-get install$lagan_missing])])])

dnl LAGAN_PROBE_CFLAGS(VARIABLE, FLAGS): substitutes those of FLAGS that compile without a warning.
dnl A quoted group counts as one.
AC_DEFUN([LAGAN_PROBE_CFLAGS], [
    $1=
    lagan_saved_cflags=$CFLAGS
    for lagan_flag in m4_normalize([$2]); do
        AC_MSG_CHECKING([whether $CC accepts $lagan_flag])
        CFLAGS="$lagan_saved_cflags $$1 $lagan_flag -Werror"
        AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <stdio.h>]], [[puts("x");]])],
            [AC_MSG_RESULT([yes])
             $1="$$1 $lagan_flag"],
            [AC_MSG_RESULT([no])])
    done
    CFLAGS=$lagan_saved_cflags
    AC_SUBST([$1])])

dnl LAGAN_PROBE_LDFLAGS(VARIABLE, FLAGS): as above, for flags that must link a program.
AC_DEFUN([LAGAN_PROBE_LDFLAGS], [
    $1=
    lagan_saved_ldflags=$LDFLAGS
    lagan_saved_cflags=$CFLAGS
    CFLAGS="$CFLAGS $PIE_CFLAGS"
    for lagan_flag in m4_normalize([$2]); do
        AC_MSG_CHECKING([whether $CC links with $lagan_flag])
        LDFLAGS="$lagan_saved_ldflags $lagan_flag"
        AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <stdio.h>]], [[puts("x");]])],
            [AC_MSG_RESULT([yes])
             $1="$$1 $lagan_flag"],
            [AC_MSG_RESULT([no])])
    done
    LDFLAGS=$lagan_saved_ldflags
    CFLAGS=$lagan_saved_cflags
    AC_SUBST([$1])])
