#pragma once

#include <QString>
#include <QStringView>

namespace lapidary::app {

/// The characters that "&amp;", "&#8212;" or "&#x2014;" stand for. Named ones outside the set that
/// models write (the Latin-1 names, Greek letters, arrows and signs) come back as they are.
[[nodiscard]] QString decodeEntity(QStringView entity);

} // namespace lapidary::app
