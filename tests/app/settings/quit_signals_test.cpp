#include "quit_signals.h"

#include "registry.h"

#include <QSignalSpy>
#include <QTest>

#include <csignal>

namespace {

using lapidary::app::QuitSignals;

class QuitSignalsTest : public QObject {
    Q_OBJECT

private slots:
    void aSignalIsAnOrderlyEnd_data() {
        QTest::addColumn<int>("signal");
        QTest::newRow("logout") << SIGTERM;
        QTest::newRow("Ctrl+C") << SIGINT;
        QTest::newRow("terminal closed") << SIGHUP;
    }

    void aSignalIsAnOrderlyEnd() {
        QFETCH(int, signal);
        const QuitSignals quitSignals;
        QSignalSpy requested(&quitSignals, &QuitSignals::quitRequested);
        std::raise(signal);
        std::raise(signal);
        QTRY_COMPARE(requested.count(), 1);
    }
};

const Registered<QuitSignalsTest> registered;

} // namespace

#include "quit_signals_test.moc"
