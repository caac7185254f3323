"""Fax programs of one's own: HylaFAX, FreePBX and FusionPBX. Their mails come from any domain, signed by nobody."""

from __future__ import annotations

from hub.channels.fax.layouts import REPORTED, Gateway, Pattern, Way

_HYLAFAX_EN = (
    "Sender: {csid}",
    "Pages: {pages}",
    "CallID1: {caller}",
    "CommID: {reference}",
    "Received: {date}",
)
_HYLAFAX_ES = (
    "Remitente: {csid}",
    "Páginas: {pages}",
    "ID Llamada 1: {caller}",
    "IDCom: {reference}",
    "Recibido: {date}",
)
_JOB = ("JobID: {job}", "IDTrabajo: {job}", "Status: {reason}", "Estado: {reason}", "Destination: {to}")

HYLAFAX = Gateway(
    name="hylafax",
    title="HylaFAX",
    way=Way(to="{e164_noplus}@{domain}", form="pdf"),
    patterns=(
        Pattern(
            state="failed",
            subject=(
                'Fax received from "{csid}"',
                "Fax received from {csid}",
                "Fax not received",
                "fax no recibido",
            ),
            sign=("Fax not received", "El intento de recibir el fax por"),
            body=(*_HYLAFAX_EN, "Fax not received. {reason}"),
        ),
        Pattern(
            state="error",
            subject=('Fax received from "{csid}"', "Fax received from {csid}"),
            sign=("Errors were received",),
            body=_HYLAFAX_EN,
        ),
        Pattern(
            state="error",
            subject=('Fax recibido de "{csid}"', "Fax recibido de {csid}"),
            sign=("El documento no se recibió en su totalidad",),
            body=_HYLAFAX_ES,
        ),
        Pattern(
            state="received",
            subject=('Fax recibido de "{csid}"', "Fax recibido de {csid}"),
            body=_HYLAFAX_ES,
        ),
        Pattern(
            state="received",
            subject=('Fax received from "{csid}"', "Fax received from {csid}"),
            body=_HYLAFAX_EN,
        ),
        Pattern(
            state="delivered",
            subject=(
                "facsimile job {job} to {to} completed",
                "trabajo fax {job} a {to} se ha cumpletado",
                "trabajo fax {job} a {to} se ha completado",
            ),
            body=_JOB,
        ),
        Pattern(
            state="delayed",
            subject=(
                "facsimile job {job} to {to} requeued",
                "facsimile job {job} to {to} blocked",
                "trabajo fax {job} a {to} reprogramado",
                "trabajo fax {job} a {to} bloqueado",
            ),
            body=_JOB,
        ),
        Pattern(
            state="undelivered",
            subject=(
                "facsimile job {job} to {to} failed",
                "facsimile job {job} to {to} rejected",
                "facsimile job {job} to {to} timed out",
                "facsimile job {job} to {to} removed",
                "facsimile job {job} to {to} killed",
                "trabajo fax {job} a {to} falló",
                "trabajo fax {job} a {to} rechazado",
            ),
            body=_JOB,
        ),
    ),
)
FREEPBX = Gateway(
    name="freepbx",
    title="FreePBX",
    way=None,
    patterns=(
        Pattern(
            state="received",
            subject=("New fax from: {caller}", "Nuevo fax de: {caller}"),
            body=("Via: {to}", "Pages: {pages}", "Received & processed: {date}"),
        ),
        Pattern(  # without a caller's number the body names the remote station: its CSID
            state="received",
            subject=("New fax received", "Nuevo fax recibido"),
            body=("Enclosed, please find a new fax from: {csid}", "Via: {to}", "Pages: {pages}"),
        ),
        Pattern(
            state="undelivered",
            subject=("Outgoing fax results",),
            sign=("Status: failed", "Status: error", "Status: busy", "Status: no answer"),
            body=("Sent to {to}", "Status: {reason}"),
        ),
        Pattern(
            state="delivered",
            subject=("Outgoing fax results",),
            sign=("Status: success", "Status: ok", "Status: sent", "Status: complete"),
            body=("Sent to {to}", "Status: {reason}"),
        ),
    ),
)
FUSIONPBX = Gateway(
    name="fusionpbx",
    title="FusionPBX",
    patterns=(
        Pattern(
            state="received",
            subject=("Fax Received: {name}", "New Fax: {name}"),
            body=(
                "Name: {name}",
                "Extension: {to}",
                "Caller ID Number: {caller}",
                "Caller Number: {caller}",
                "Pages: {pages}",
            ),
        ),
        Pattern(state="delivered", subject=("Fax Sent: {any}", "Fax Sent Successfully{any}"), body=REPORTED),
        Pattern(state="undelivered", subject=("Fax Failed: {any}", "Fax Send Failed{any}"), body=REPORTED),
    ),
)
