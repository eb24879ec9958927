#include "error_text.h"

#include <QCoreApplication>

namespace lapidary::app {

QString errorTitle(ErrorKind kind) {
    const auto tr = [](const char* text) { return QCoreApplication::translate("Error", text); };
    switch (kind) {
    case ErrorKind::NotFound:
        return tr("Not found");
    case ErrorKind::Corrupt:
        return tr("Damaged file");
    case ErrorKind::Unsupported:
        return tr("Not supported");
    case ErrorKind::DoesNotFit:
        return tr("Does not fit");
    case ErrorKind::DeviceLost:
        return tr("The device stopped");
    case ErrorKind::NoSpace:
        return tr("No space");
    case ErrorKind::Network:
        return tr("Network");
    case ErrorKind::Denied:
        return tr("Not allowed");
    case ErrorKind::Cancelled:
        return tr("Stopped");
    }
    return {};
}

namespace {

QString sentenceOfKind(ErrorKind kind) {
    const auto tr = [](const char* text) { return QCoreApplication::translate("Error", text); };
    switch (kind) {
    case ErrorKind::NotFound:
        return tr("Something that is needed is not there any more; choose it again.");
    case ErrorKind::Corrupt:
        return tr("A file contradicts itself; fetch it again.");
    case ErrorKind::Unsupported:
        return tr("This is nothing that Lapidary runs; choose a Gemma 4 model.");
    case ErrorKind::DoesNotFit:
        return tr("There is not enough memory; choose a shorter context or a smaller model.");
    case ErrorKind::DeviceLost:
        return tr("The device stopped; your text is kept. Start Lapidary again to use it.");
    case ErrorKind::NoSpace:
        return tr("The disk is full; your text is kept in memory until there is space.");
    case ErrorKind::Network:
        return tr("The other machine did not answer as it should; try again.");
    case ErrorKind::Denied:
        return tr("The system refused it; check the permissions of the folder.");
    case ErrorKind::Cancelled:
        return tr("Stopped on request; ask again to go on.");
    }
    return {};
}

} // namespace

QString errorText(const Error& error) {
    if (error.sentence.empty())
        return sentenceOfKind(error.kind);
    return QCoreApplication::translate("Engine", error.sentence.c_str());
}

} // namespace lapidary::app
