#pragma once

#include <kernels/error.h>

namespace lapidary::app {

class Database;

/// Of the database that this program writes; migration n brings version n−1 to n.
inline constexpr int kSchemaVersion = 1;

/// The version of the open file; 0: nothing in it yet.
[[nodiscard]] Expected<int> schemaVersion(Database& database);

/// Runs the migrations after `version`, each in one transaction.
[[nodiscard]] Expected<void> migrate(Database& database, int version);

} // namespace lapidary::app
