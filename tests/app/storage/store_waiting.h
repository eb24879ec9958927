#pragma once

#include <QFuture>
#include <QTest>

#include <optional>

/// The result of a store's future, waited for with the event loop running.
template <class T>
T resultOf(const QFuture<T>& future) {
    [&] { QTRY_VERIFY_WITH_TIMEOUT(future.isFinished(), 20'000); }();
    return future.result();
}
