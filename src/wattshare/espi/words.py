"""The enumerations of the standard whose values are words. espi.xsd, customer.xsd.

Types hold plain `str`: those of the customer schema are open since 2019, and others may pass.
"""

import enum


class AmiBillingReadyKind(enum.StrEnum):
    """How far a usage point's meter may be billed from afar."""

    AMI_CAPABLE = "amiCapable"
    AMI_DISABLED = "amiDisabled"
    BILLING_APPROVED = "billingApproved"
    ENABLED = "enabled"
    NON_AMI = "nonAmi"
    NON_METERED = "nonMetered"
    OPERABLE = "operable"


class UsagePointConnectedKind(enum.StrEnum):
    """Whether a usage point is connected."""

    CONNECTED = "connected"
    LOGICALLY_DISCONNECTED = "logicallyDisconnected"
    PHYSICALLY_DISCONNECTED = "physicallyDisconnected"


class ApnodeType(enum.StrEnum):
    """Kinds of aggregated pricing nodes."""

    AG = "AG"
    CPZ = "CPZ"
    DPZ = "DPZ"
    LAP = "LAP"
    TH = "TH"
    SYS = "SYS"
    CA = "CA"
    DCA = "DCA"
    GA = "GA"
    GH = "GH"
    EHV = "EHV"
    ZN = "ZN"
    INT = "INT"
    BUS = "BUS"


class AnodeType(enum.StrEnum):
    """Kinds of aggregated nodes."""

    SYS = "SYS"
    RUC = "RUC"
    LFZ = "LFZ"
    REG = "REG"
    AGR = "AGR"
    POD = "POD"
    ALR = "ALR"
    LTAC = "LTAC"
    ACA = "ACA"
    ASR = "ASR"
    ECA = "ECA"


class EnrollmentStatus(enum.StrEnum):
    """Whether a customer takes part in a programme."""

    UNENROLLED = "unenrolled"
    ENROLLED = "enrolled"
    ENROLLED_PENDING = "enrolledPending"


class ProgramCodeKind(enum.StrEnum):
    """What a programme's code stands for in a reading. espi.xsd tOUorCPPorConsumptionTier."""

    TOU = "tou"
    CPP = "cpp"
    CONSUMPTION_TIER = "consumptiontier"


class GrantType(enum.StrEnum):
    """OAuth's grants. RFC 6749 §1.3."""

    AUTHORIZATION_CODE = "authorization_code"
    CLIENT_CREDENTIALS = "client_credentials"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105  # the name of a grant


class ResponseType(enum.StrEnum):
    """What an authorization endpoint may be asked for. RFC 6749 §3.1.1."""

    CODE = "code"


class TokenType(enum.StrEnum):
    """What tokens are. RFC 6750; in this spelling only."""

    BEARER = "Bearer"


class TokenEndPointMethod(enum.StrEnum):
    """How a client authenticates at the token endpoint. RFC 6749 §2.3.1."""

    CLIENT_SECRET_BASIC = "client_secret_basic"  # noqa: S105  # the name of a method


class OAuthError(enum.StrEnum):
    """What went wrong with an authorization. RFC 6749 §4.1.2.1, §5.2; RFC 7591 §3.2.2."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    INVALID_SCOPE = "invalid_scope"
    INVALID_REDIRECT_URI = "invalid_redirect_uri"
    INVALID_CLIENT_METADATA = "invalid_client_metadata"
    INVALID_CLIENT_ID = "invalid_client_id"
    ACCESS_DENIED = "access_denied"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    SERVER_ERROR = "server_error"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"


class CustomerKind(enum.StrEnum):
    """Kinds of customers."""

    RESIDENTIAL = "residential"
    RESIDENTIAL_AND_COMMERCIAL = "residentialAndCommercial"
    RESIDENTIAL_AND_STREETLIGHT = "residentialAndStreetlight"
    RESIDENTIAL_STREETLIGHT_OTHERS = "residentialStreetlightOthers"
    RESIDENTIAL_FARM_SERVICE = "residentialFarmService"
    COMMERCIAL_INDUSTRIAL = "commercialIndustrial"
    PUMPING_LOAD = "pumpingLoad"
    WIND_MACHINE = "windMachine"
    ENERGY_SERVICE_SUPPLIER = "energyServiceSupplier"
    ENERGY_SERVICE_SCHEDULER = "energyServiceScheduler"
    ENTERPRISE = "enterprise"
    REGIONAL_OPERATOR = "regionalOperator"
    SUBSIDIARY = "subsidiary"
    INTERNAL_USE = "internalUse"
    OTHER = "other"


class SupplierKind(enum.StrEnum):
    """Kinds of suppliers."""

    UTILITY = "utility"
    RETAILER = "retailer"
    OTHER = "other"
    # load serving entity, meter data management agent, meter service provider
    LSE = "lse"
    MDMA = "mdma"
    MSP = "msp"


class NotificationMethodKind(enum.StrEnum):
    """How a customer is told something."""

    CALL = "call"
    EMAIL = "email"
    LETTER = "letter"
    OTHER = "other"
    IVR = "ivr"


class MeterMultiplierKind(enum.StrEnum):
    """What a meter's display is multiplied by."""

    KH = "kH"
    TRANSFORMER_RATIO = "transformerRatio"
    KR = "kR"
    KE = "kE"
    CT_RATIO = "ctRatio"
    PT_RATIO = "ptRatio"


class ProgramDateKind(enum.StrEnum):
    """What a date in a demand response programme is."""

    ENROLLMENT = "CUST_DR_PROGRAM_ENROLLMENT_DATE"
    DE_ENROLLMENT = "CUST_DR_PROGRAM_DE_ENROLLMENT_DATE"
    # the earliest end, whatever it costs, and the earliest one without a charge
    TERM_REGARDLESS_FINANCIAL = "CUST_DR_PROGRAM_TERM_DATE_REGARDLESS_FINANCIAL"
    TERM_WITHOUT_FINANCIAL = "CUST_DR_PROGRAM_TERM_DATE_WITHOUT_FINANCIAL"


class MediaType(enum.StrEnum):
    """What a statement's file is. RFC 6838."""

    JSON = "application/json"
    PDF = "application/pdf"
    EXCEL = "application/vnd.ms-excel"
    OPEN_SPREADSHEET = "application/vnd.oasis.opendocument.spreadsheet"
    OPEN_TEXT = "application/vnd.oasis.opendocument.text"
    EXCEL_XML = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    ZIP = "application/zip"
    GIF = "image/gif"
    JPEG = "image/jpeg"
    PNG = "image/png"
    CSV = "text/csv"
    HTML = "text/html"
    PLAIN = "text/plain"
    RTF = "text/rtf"
    XML = "text/xml"
