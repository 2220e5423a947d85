# SPDX-License-Identifier: MIT
# Tests of the match index, the choice and the import of other tables.
foreach(unit index choice)
    add_zx_test(bind_${unit} SOURCES ${unit}_test.c LIBS bind)
endforeach()
add_zx_test(bind_import_tables SOURCES import_test.c fixture.c LIBS bind_import)
